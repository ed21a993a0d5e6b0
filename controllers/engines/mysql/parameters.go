package mysql

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// setting is one setting that spec.parameters may hold.
type setting struct {
	kit.Setting
	name string
	// releases that have it; none: all that are served.
	releases []string
}

// in says that only some of the releases that are served have the setting.
func (s setting) in(releases ...string) setting { s.releases = releases; return s }

func (s setting) exists(release string) bool {
	return s.releases == nil || slices.Contains(s.releases, release)
}

func flag(name string) setting { return choice(name, "ON", "OFF", "1", "0", "TRUE", "FALSE") }

// choice is one of a few words, in whatever case.
func choice(name string, words ...string) setting {
	known := kit.OneOf(words...)
	folded := make([]string, 0, len(words))
	for _, word := range words {
		folded = append(folded, strings.ToUpper(word))
	}
	known.Accepts = func(value string) bool { return slices.Contains(folded, strings.ToUpper(value)) }
	return setting{Setting: known, name: name}
}

func text(name, wants, pattern string) setting {
	return setting{Setting: kit.Matching(wants, pattern), name: name}
}

// number is a whole number, with the letters that the server takes for 1024 and its powers.
func number(name string, low, high int64) setting {
	least, most := big.NewInt(low), big.NewInt(high)
	wants := fmt.Sprintf("a whole number from %d to %d", low, high)
	if high == large {
		wants = fmt.Sprintf("a whole number of at least %d, such as 64M", low)
	}
	return setting{name: name, Setting: kit.Setting{
		Wants: wants,
		Accepts: func(value string) bool {
			amount := parseAmount(value)
			return amount != nil && amount.Cmp(least) >= 0 && amount.Cmp(most) <= 0
		},
	}}
}

func real(name string, low, high int64) setting {
	least, most := new(big.Rat).SetInt64(low), new(big.Rat).SetInt64(high)
	return setting{name: name, Setting: kit.Setting{
		Wants: fmt.Sprintf("a number from %d to %d, such as 0.5", low, high),
		Accepts: func(value string) bool {
			amount, ok := new(big.Rat).SetString(value)
			return decimals.MatchString(value) && ok && amount.Cmp(least) >= 0 && amount.Cmp(most) <= 0
		},
	}}
}

var (
	decimals = regexp.MustCompile(`^[0-9]{1,10}(\.[0-9]{1,6})?$`)
	// amounts have no leading zero: the server would read such a number as octal.
	amounts = regexp.MustCompile(`^(-?(?:0|[1-9][0-9]{0,19}))([KMGT]?)$`)
)

// parseAmount returns the whole number that the server reads, or nil.
func parseAmount(value string) *big.Int {
	match := amounts.FindStringSubmatch(strings.ToUpper(value))
	if match == nil {
		return nil
	}
	amount, _ := new(big.Int).SetString(match[1], 10)
	if match[2] != "" {
		amount.Lsh(amount, 10*uint(1+strings.Index("KMGT", match[2])))
	}
	return amount
}

// owned are settings that the operator decides, with what to know instead.
var owned = map[string]string{
	"innodb_flush_log_at_trx_commit": "is always 1: otherwise a crash loses what was committed",
	"sync_binlog":                    "is always 1: otherwise a crash loses what was committed",
	"innodb_doublewrite":             "is always ON: without it a crash can damage pages",
	"innodb_force_recovery":          "can damage data; restore a backup instead",
	"default_storage_engine":         "is InnoDB: tables of others are neither safe in a crash nor copied",
	"disabled_storage_engines":       "names the engines whose tables are neither safe in a crash nor copied",
	"character_set_server":           "is utf8mb4; a database or a table may have its own",
	"default_time_zone":              "is +00:00; a session may set its own",
	"general_log":                    "is always OFF: it would show passwords and fill the volume",
	"slow_query_log":                 "is always OFF: it would fill the volume; performance_schema counts what is slow",
	"require_secure_transport":       "follows spec.tls.mode",
	"max_user_connections":           "is not limited: the read copies share an account",
	"binlog_format":                  "is ROW",
	"sql_log_bin":                    "is always ON: read copies follow the binary log",
}

var (
	// ownedPatterns match further settings of the operator.
	ownedPatterns = regexp.MustCompile(`^(ssl_.*|tls_.*|gtid_.*|enforce_gtid_consistency|log_(bin|error|output|replica_updates).*|relay_log.*|` +
		`.*read_only|server_(id|uuid)|report_.*|replicate_.*|skip_.*|bind_address|port|admin_.*|mysqlx.*|socket|pid_file|user|chroot|` +
		`authentication_policy|caching_sha2_.*|sha256_.*|mysql_native_.*|auto_generate_certs|partial_revokes|automatic_sp_privileges|` +
		`mandatory_roles|host_cache_size|super_.*|group_replication.*|rpl_.*|clone_.*|persist.*|upgrade|initialize.*|daemonize|lower_case_.*|` +
		`innodb_(data|undo|temp|log_group|page_size|flush_method|directories|dedicated_server|fast_shutdown|checksum).*|core_file)$`)
	// codePatterns match settings that name files, run statements or load code.
	codePatterns = regexp.MustCompile(`^(init_.*|plugin.*|early_plugin_.*|loose_.*|component.*)$|(_file|_dir|_path|dir)$|^(local_infile|secure_file_priv)$`)
)

// checkParameters refuses what the server cannot have, so that a typing error does not stop it.
func checkParameters(s *part.Service) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		if problem := checkParameter(s, name, s.Parameters[name]); problem != "" {
			wrong = append(wrong, "parameters."+name+": "+problem)
		}
	}
	if problem := checkPool(s); problem != "" && len(wrong) == 0 {
		wrong = append(wrong, problem)
	}
	if len(wrong) == 0 {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "%s", strings.Join(wrong, "; "))
}

func checkParameter(s *part.Service, name, value string) string {
	release := replicated.Series(s.Image.Version)
	for _, known := range settings {
		if known.name != name || !known.exists(release) {
			continue
		}
		switch {
		case name == "tls_version" && s.TLS == v1alpha1.TLSDisabled:
			return "has no meaning with tls.mode Disabled; remove it"
		case !known.Accepts(value):
			return fmt.Sprintf("%q does not fit; it has to be %s", value, known.Wants)
		}
		return ""
	}
	name = strings.ReplaceAll(name, "-", "_")
	switch reason := owned[name]; {
	case reason != "":
		return reason + "; remove it"
	case codePatterns.MatchString(name):
		return "would name a file, run statements or load code in the server; remove it"
	case ownedPatterns.MatchString(name):
		return "is set by the operator; remove it"
	}
	return fmt.Sprintf("is not a setting of MySQL %s that may be set here; correct the name or remove it", release)
}

// checkPool refuses a buffer pool that leaves no memory to the sessions: the kernel would end the server again and again.
func checkPool(s *part.Service) string {
	value, set := s.Parameters["innodb_buffer_pool_size"]
	if !set {
		return ""
	}
	if size := parseAmount(value); size != nil && size.Cmp(big.NewInt(memory(s)/10*6)) > 0 {
		return fmt.Sprintf("parameters.innodb_buffer_pool_size: %q is more than 60 %% of the container's memory; choose less, or a "+
			"larger size", value)
	}
	return ""
}

// quote writes a value as the server's option file reads it back.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
