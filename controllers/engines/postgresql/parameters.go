package postgresql

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// setting is one setting that spec.parameters may hold.
type setting struct {
	name string
	// check returns what is wrong with a value; empty: nothing.
	check func(string) string
	// first and last are the major versions that have it.
	first, last int
}

// from says that earlier major versions lack the setting.
func (s setting) from(major int) setting { s.first = major; return s }

// until says that later major versions lack the setting.
func (s setting) until(major int) setting { s.last = major; return s }

func flag(name string) setting {
	return choice(name, "on", "off", "true", "false", "yes", "no", "1", "0")
}

func choice(name string, values ...string) setting {
	return setting{name: name, last: maxInt, check: func(value string) string {
		if slices.ContainsFunc(values, func(known string) bool { return len(known) == len(value) && strings.EqualFold(known, value) }) {
			return ""
		}
		return "must be one of " + strings.Join(values, ", ")
	}}
}

func text(name, pattern string) setting {
	whole := regexp.MustCompile("^(" + pattern + ")$")
	return setting{name: name, last: maxInt, check: func(value string) string {
		if whole.MatchString(value) {
			return ""
		}
		return "does not have the form " + pattern
	}}
}

// number is a whole number; like the server it takes fractions with a unit, such as 1.5GB.
func number(name, unit string, low, high float64) setting {
	return setting{name: name, last: maxInt, check: func(value string) string {
		amount, ok := parseAmount(value, unit)
		if !ok || unit == "" && amount != math.Trunc(amount) {
			return "must be " + described(unit, "a whole number")
		}
		return inRange(math.RoundToEven(amount), unit, low, high)
	}}
}

func real(name, unit string, low, high float64) setting {
	return setting{name: name, last: maxInt, check: func(value string) string {
		amount, ok := parseAmount(value, unit)
		if !ok {
			return "must be " + described(unit, "a number")
		}
		return inRange(amount, unit, low, high)
	}}
}

func inRange(amount float64, unit string, low, high float64) string {
	if amount >= low && amount <= high {
		return ""
	}
	show := func(bound float64) string {
		return strings.TrimSpace(strconv.FormatFloat(bound, 'g', -1, 64) + " " + unit)
	}
	if high >= maxInt {
		return "must be at least " + show(low)
	}
	return "must be between " + show(low) + " and " + show(high)
}

func described(unit, plain string) string {
	switch {
	case unit == "":
		return plain
	case timeUnits[unit] != 0:
		return "a time such as 500ms, 30s or 5min"
	}
	return "an amount of memory such as 64MB or 1GB"
}

// Units of the server, in microseconds and in bytes.
var (
	timeUnits   = map[string]float64{"us": 1, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3600e6, "d": 86400e6}
	memoryUnits = map[string]float64{"B": 1, "kB": 1 << 10, "8kB": 8 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
)

// amounts have no leading zero: the server would read such a number as octal.
var amounts = regexp.MustCompile(`^(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) ?([A-Za-z]*)$`)

// parseAmount returns a number in the unit of its setting.
func parseAmount(value, unit string) (float64, bool) {
	match := amounts.FindStringSubmatch(value)
	if match == nil {
		return 0, false
	}
	amount, err := strconv.ParseFloat(match[1], 64)
	if err != nil || match[2] == "" {
		return amount, err == nil
	}
	for _, units := range []map[string]float64{timeUnits, memoryUnits} {
		if units[unit] != 0 && units[match[2]] != 0 {
			return amount * units[match[2]] / units[unit], true
		}
	}
	return 0, false
}

// owned are settings that the operator decides, with what to do instead where there is something.
var owned = map[string]string{
	"fsync":                         "is always on: without it a crash loses the data",
	"full_page_writes":              "is always on: without it a crash loses the data",
	"autovacuum":                    "is always on; its other settings may be set",
	"ssl":                           "follows spec.tls.mode",
	"timezone":                      "is UTC; a session or a role may set its own",
	"log_timezone":                  "is UTC",
	"synchronous_standby_names":     "is empty: a commit must not wait for a read copy",
	"restart_after_crash":           "is set by the operator",
	"idle_replication_slot_timeout": "is set by the operator; max_slot_wal_keep_size bounds what a slot keeps",
}

var (
	// ownedPatterns match further settings of the operator.
	ownedPatterns = regexp.MustCompile(`^(ssl_.*|unix_socket_.*|recovery_.*|primary_.*|listen_addresses|port|.*_file|data_directory|` +
		`hot_standby|cluster_name|password_encryption|logging_collector|log_destination|log_directory|log_filename|log_rotation_.*|` +
		`huge_pages|.*shared_memory_type|wal_sync_method|lc_.*|allow_alter_system|archive_(mode|timeout)|data_sync_retry)$`)
	// codePatterns match settings that run a command or load code.
	codePatterns = regexp.MustCompile(`(_command|_libraries|_library|_provider|_path|_destdir)$`)
)

// checkParameters refuses what the server cannot have, so that a typing error does not stop it.
func checkParameters(s *part.Service) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		if problem := checkParameter(name, s.Parameters[name], major(s.Image.Version)); problem != "" {
			wrong = append(wrong, "parameters."+name+": "+problem)
		}
	}
	if problem := checkMemory(s); problem != "" && len(wrong) == 0 {
		wrong = append(wrong, problem)
	}
	if len(wrong) == 0 {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "%s", strings.Join(wrong, "; "))
}

func checkParameter(name, value string, version int) string {
	for _, known := range settings {
		if known.name == name && known.first <= version && version <= known.last {
			return checkValue(known, value)
		}
	}
	switch reason := owned[name]; {
	case reason != "":
		return reason + "; remove it"
	case codePatterns.MatchString(name) && name != "search_path":
		return "would run a command or load code in the server; remove it"
	case ownedPatterns.MatchString(name):
		return "is set by the operator; remove it"
	}
	return fmt.Sprintf("is not a setting of PostgreSQL %d that may be set here; correct the name or remove it", version)
}

func checkValue(known setting, value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "holds a control character"
	}
	if problem := known.check(value); problem != "" {
		return fmt.Sprintf("%q %s", value, problem)
	}
	return ""
}

// checkMemory refuses buffers that leave no memory to the sessions: the kernel would end the server again and again.
func checkMemory(s *part.Service) string {
	value, set := s.Parameters["shared_buffers"]
	if !set {
		return ""
	}
	pages, ok := parseAmount(value, "8kB")
	if limit := float64(memory(s)) * 0.6; ok && pages*memoryUnits["8kB"] > limit {
		return fmt.Sprintf("parameters.shared_buffers: %q is more than 60 %% of the container's memory; choose less, or a "+
			"larger size", value)
	}
	return ""
}

// quote writes a value as the server's configuration file reads it back.
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(value) + "'"
}
