package postgresql

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

func TestParameter(t *testing.T) {
	for _, c := range []struct {
		name, value string
		version     int
		problem     string
	}{
		{"work_mem", "64MB", 17, ""},
		{"work_mem", "65536", 17, ""},
		{"work_mem", "1.5GB", 17, ""},
		{"work_mem", "64 MB", 17, ""},
		{"work_mem", "64mb", 17, "amount of memory"},
		{"work_mem", "10s", 17, "amount of memory"},
		{"work_mem", "1kB", 17, "at least 64 kB"},
		{"work_mem", "", 17, "amount of memory"},
		{"statement_timeout", "30s", 17, ""},
		{"statement_timeout", "30 sec", 17, "a time such as"},
		{"statement_timeout", "-1", 17, "at least 0 ms"},
		{"max_connections", "200", 17, ""},
		{"max_connections", "0200", 17, "whole number"},
		{"max_connections", "1e3", 17, "whole number"},
		{"max_connections", "200.5", 17, "whole number"},
		{"max_connections", "10", 17, "between 25 and 5000"},
		{"checkpoint_completion_target", "0.7", 17, ""},
		{"checkpoint_completion_target", "1.7", 17, "between 0 and 1"},
		{"jit", "OFF", 17, ""},
		{"jit", "maybe", 17, "must be one of on, off"},
		{"default_transaction_isolation", "repeatable read", 17, ""},
		{"default_transaction_isolation", "chaos", 17, "must be one of"},
		{"ssl_min_protocol_version", "TLSv1.3", 17, ""},
		{"ssl_min_protocol_version", "TLSv1", 17, "must be one of"},
		{"search_path", `"$user", public`, 17, ""},
		{"search_path", `"unclosed`, 17, "does not have the form"},
		{"wal_compression", "zstd", 15, ""},
		{"wal_compression", "zstd", 14, "must be one of on, off"},
		{"wal_level", "minimal", 17, "must be one of replica, logical"},
		{"transaction_timeout", "1min", 17, ""},
		{"transaction_timeout", "1min", 16, "not a setting of PostgreSQL 16"},
		{"log_line_prefix", "a\nb", 17, "control character"},
		{"fsync", "on", 17, "loses the data"},
		{"full_page_writes", "off", 17, "loses the data"},
		{"ssl_cert_file", "/tmp/x", 17, "set by the operator"},
		{"data_directory", "/tmp", 17, "set by the operator"},
		{"recovery_target_time", "now", 17, "set by the operator"},
		{"archive_command", "true", 17, "would run a command"},
		{"recovery_end_command", "true", 17, "would run a command"},
		{"ssl_passphrase_command", "true", 17, "would run a command"},
		{"archive_library", "x", 17, "would run a command"},
		{"shared_preload_libraries", "x", 17, "would run a command"},
		{"dynamic_library_path", "/tmp", 17, "would run a command"},
		{"extension_control_path", "/tmp", 18, "would run a command"},
		{"jit_provider", "x", 17, "would run a command"},
		{"include", "/etc/passwd", 17, "not a setting"},
		{"include_dir", "/etc", 17, "not a setting"},
		{"plperl.on_init", "die", 17, "not a setting"},
	} {
		problem := checkParameter(c.name, c.value, c.version)
		if (problem == "") != (c.problem == "") || !strings.Contains(problem, c.problem) {
			t.Errorf("%d %s=%q: %q; want %q", c.version, c.name, c.value, problem, c.problem)
		}
	}
}

func TestSettingsAreNamedOnce(t *testing.T) {
	for version := 14; version <= 18; version++ {
		seen := map[string]bool{}
		for _, s := range settings {
			if s.first <= version && version <= s.last {
				if seen[s.name] || owned[s.name] != "" || codePatterns.MatchString(s.name) && s.name != "search_path" {
					t.Errorf("%d: %s is named twice", version, s.name)
				}
				seen[s.name] = true
			}
		}
	}
}

// scan reads a quoted value as the server does (GUC_scanstr in its guc-file.l).
func scan(text string) string {
	text = text[1 : len(text)-1]
	var result strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
			switch text[i] {
			case 'b', 'f', 'n', 'r', 't', '0', '1', '2', '3', '4', '5', '6', '7':
				result.WriteString("<escape>")
			default:
				result.WriteByte(text[i])
			}
		case text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
			result.WriteByte('\'')
		default:
			result.WriteByte(text[i])
		}
	}
	return result.String()
}

func TestQuote(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	letters := []string{`'`, `''`, `\`, `\n`, `\'`, `a`, ` `, `#`, `=`, `"`, `$`, `é`, `%`}
	for range 20000 {
		var value strings.Builder
		for range random.Intn(8) {
			value.WriteString(letters[random.Intn(len(letters))])
		}
		quoted := quote(value.String())
		if got := scan(quoted); got != value.String() {
			t.Fatalf("%q is written as %s and read back as %q", value.String(), quoted, got)
		}
		// Nothing ends the value early: inside there are only pairs of quotes.
		inside := strings.NewReplacer(`\\`, "", `''`, "").Replace(quoted[1 : len(quoted)-1])
		if strings.ContainsAny(inside, `'\`) {
			t.Fatalf("%q is written as %s, which ends early", value.String(), quoted)
		}
	}
}

func TestTuned(t *testing.T) {
	for _, c := range []struct {
		memory, storage string
		parameters      map[string]string
		want            map[string]string
	}{
		{"128Mi", "1Gi", nil, map[string]string{
			"shared_buffers": "32MB", "max_connections": "25", "work_mem": "3MB", "max_wal_size": "128MB", "min_wal_size": "64MB",
			"max_slot_wal_keep_size": "256MB",
		}},
		{"4Gi", "1Ti", nil, map[string]string{
			"shared_buffers": "1024MB", "effective_cache_size": "3072MB", "max_connections": "400", "maintenance_work_mem": "256MB",
			"max_wal_size": "16384MB", "max_slot_wal_keep_size": "65536MB",
		}},
		{"4Gi", "10Gi", map[string]string{"max_connections": "50", "shared_buffers": "2GB"}, map[string]string{
			"max_connections": "50", "work_mem": "61MB", "shared_buffers": "2GB",
		}},
	} {
		service := &part.Service{TLS: v1alpha1.TLSRequired, Parameters: c.parameters}
		service.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(c.memory)}
		service.Storage.Size = resource.MustParse(c.storage)
		got := tuned(service)
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s of memory, %s of storage: %s is %s, want %s", c.memory, c.storage, name, got[name], want)
			}
		}
	}
}

// TestServerTakesEverySetting gives the server what the table lets through: it must take all of it.
func TestServerTakesEverySetting(t *testing.T) {
	m := shop(t)
	m.build()
	primary := m.pod("main-0", "127.0.0.1")
	version := major(m.service.Image.Version)
	values := map[string][]string{}
	rounds := 0
	for _, s := range settings {
		for _, value := range candidates {
			if s.first <= version && version <= s.last && checkValue(s, value) == "" {
				values[s.name] = append(values[s.name], value)
				rounds = max(rounds, len(values[s.name]))
			}
		}
	}
	for round := range rounds {
		chosen := map[string]string{}
		for name, list := range values {
			chosen[name] = list[round%len(list)]
		}
		var text strings.Builder
		replicated.WriteSettings(&text, chosen, quote)
		file := fmt.Sprintf("try%d.conf", round)
		primary.must(os.WriteFile(filepath.Join(primary.folder, file), []byte(text.String()), 0o444))
		command := primary.command(primary.spec.Containers[0], "/usr/lib/postgresql/"+m.service.Image.Version+"/bin/postgres",
			"-D", ".", "-c", "config_file="+file, "-C", "log_line_prefix")
		var log bytes.Buffer
		command.Stderr = &log
		output, err := command.Output()
		if err != nil {
			t.Errorf("%v\n%s", err, &log)
		} else if got := strings.TrimSuffix(string(output), "\n"); got != chosen["log_line_prefix"] {
			t.Errorf("log_line_prefix %q is read as %q", chosen["log_line_prefix"], got)
		}
	}
	t.Logf("%d settings, %d rounds", len(values), rounds)
}

// candidates are values of every sort; each setting is tried with those that its check accepts.
var candidates = []string{
	"on", "OFF", "true", "no", "1", "0", "-1", "2", "4", "5", "10", "16", "25", "32", "64", "100", "128", "256", "512", "1000", "1024",
	"4096", "10000", "16384", "65536", "100000", "1000000", "2000000000", "2147483647", "0.5", "1.5", "2.25", "-0.4", "0.001", "1ms",
	"50us", "1.5s", "30s", "5min", "1h", "24d", "1kB", "64kB", "1.5MB", "100MB", "1GB", "0.5GB", "1TB", "1500B", "8kB",
	"partition", "auto", "regress", "pglz", "lz4", "zstd", "escape", "hex", "serializable", "repeatable read", "read committed",
	"debug5", "log", "panic", "terse", "verbose", "none", "ddl", "mod", "all", "pl", "force_custom_plan", "cache", "snapshot", "local",
	"remote_write", "remote_apply", "TLSv1.2", "TLSv1.3", "replica", "logical", "postgres", "postgres_verbose", "sql_standard",
	"iso_8601", "worker", "sync", "iso, mdy", "German", `"$user", public`, "public,other", "pg_catalog.simple", `%m 'x' \ "y" #`, `\n`,
}
