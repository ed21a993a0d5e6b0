package mysql

import (
	"fmt"
	"math/big"
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
	for _, c := range []struct{ name, value, problem string }{
		{"sort_buffer_size", "1M", ""},
		{"sort_buffer_size", "1m", ""},
		{"sort_buffer_size", "1048576", ""},
		{"sort_buffer_size", "1MB", "a whole number of at least 32768"},
		{"sort_buffer_size", "1.5M", "a whole number"},
		{"sort_buffer_size", "16K", "a whole number of at least 32768"},
		{"sort_buffer_size", "", "a whole number"},
		{"max_connections", "200", ""},
		{"max_connections", "0200", "a whole number"},
		{"max_connections", "10", "from 25 to 5000"},
		{"performance_schema_digests_size", "-1", ""},
		{"innodb_max_dirty_pages_pct", "75.5", ""},
		{"innodb_max_dirty_pages_pct", "99.5", "from 0 to 99"},
		{"innodb_print_all_deadlocks", "on", ""},
		{"innodb_print_all_deadlocks", "maybe", "one of ON, OFF"},
		{"transaction_isolation", "read-committed", ""},
		{"transaction_isolation", "chaos", "one of READ-UNCOMMITTED"},
		{"sql_mode", "", ""},
		{"sql_mode", "ANSI,TRADITIONAL", ""},
		{"sql_mode", "ANSI, TRADITIONAL", "modes such as"},
		{"optimizer_switch", "mrr=on", ""},
		{"optimizer_switch", "mrr=on;x", "switches such as"},
		{"collation_server", "utf8mb4_bin", ""},
		{"collation_server", "latin1_bin", "a collation of utf8mb4"},
		{"tls_version", "TLSv1.3", ""},
		{"tls_version", "TLSv1.1", "one of TLSv1.2,TLSv1.3"},
		{"max_allowed_packet", "1M", "from 2097152"},
		{"sync_binlog", "0", "loses what was committed"},
		{"sync-binlog", "0", "loses what was committed"},
		{"innodb_flush_log_at_trx_commit", "2", "loses what was committed"},
		{"innodb_doublewrite", "OFF", "can damage pages"},
		{"general_log", "ON", "would show passwords"},
		{"slow_query_log", "ON", "fill the volume"},
		{"init_connect", "SET autocommit=0", "run statements"},
		{"init_file", "/tmp/x", "run statements"},
		{"plugin_load_add", "x.so", "load code"},
		{"loose_plugin_load", "x.so", "load code"},
		{"secure_file_priv", "/", "would name a file"},
		{"datadir", "/tmp", "would name a file"},
		{"general_log_file", "/tmp/x", "would name a file"},
		{"ssl_ca", "/tmp/x", "set by the operator"},
		{"bind_address", "::", "set by the operator"},
		{"gtid_mode", "OFF", "set by the operator"},
		{"super_read_only", "OFF", "set by the operator"},
		{"skip_grant_tables", "ON", "set by the operator"},
		{"partial_revokes", "OFF", "set by the operator"},
		{"authentication_policy", "x", "set by the operator"},
		{"includedir", "/etc", "would name a file"},
		{"sort_bufer_size", "1M", "not a setting of MySQL 8.4"},
	} {
		service := &part.Service{Image: part.Image{Version: "8.4.11"}, TLS: v1alpha1.TLSRequired}
		problem := checkParameter(service, c.name, c.value)
		if (problem == "") != (c.problem == "") || !strings.Contains(problem, c.problem) {
			t.Errorf("%s=%q: %q; want %q", c.name, c.value, problem, c.problem)
		}
	}
	for release, problem := range map[string]string{"8.4": "is not a setting of MySQL 8.4", "9.7": ""} {
		service := &part.Service{Image: part.Image{Version: release}, TLS: v1alpha1.TLSRequired}
		if got := checkParameter(service, "table_open_cache_triggers", "64"); (got == "") != (problem == "") || !strings.Contains(got, problem) {
			t.Errorf("a setting of 9.7 in %s: %q", release, got)
		}
	}
	clear := &part.Service{Image: part.Image{Version: "8.4"}, TLS: v1alpha1.TLSDisabled}
	if problem := checkParameter(clear, "tls_version", "TLSv1.3"); !strings.Contains(problem, "no meaning") {
		t.Errorf("tls_version without TLS: %q", problem)
	}
}

// TestSettingsAreNamedOnce: nothing in the table is ours, and nothing that we set is missing among what is refused.
func TestSettingsAreNamedOnce(t *testing.T) {
	for release := range releases.Served {
		seen := map[string]bool{}
		for _, s := range settings {
			if s.exists(release) {
				if seen[s.name] || owned[s.name] != "" || codePatterns.MatchString(s.name) {
					t.Errorf("%s: %s is named twice", release, s.name)
				}
				seen[s.name] = true
			}
		}
		for _, mode := range []v1alpha1.TLSMode{v1alpha1.TLSRequired, v1alpha1.TLSDisabled} {
			service := &part.Service{TLS: mode, Image: part.Image{Version: release}}
			for name := range fixed(service) {
				problem := checkParameter(service, name, "x")
				if problem == "" || strings.Contains(problem, "is not a setting") {
					t.Errorf("%s: %s is ours, and the refusal says %q", release, name, problem)
				}
			}
			for name, value := range tuned(service) {
				if problem := checkParameter(service, name, value); problem != "" {
					t.Errorf("%s: %s is made, and refused: %s", release, name, problem)
				}
			}
		}
	}
}

func TestTuned(t *testing.T) {
	for _, c := range []struct {
		memory, storage string
		want            map[string]string
	}{
		{"256Mi", "1Gi", map[string]string{
			"innodb_buffer_pool_size": "32M", "max_connections": "25", "performance_schema": "OFF", "innodb_redo_log_capacity": "102M",
			"innodb_log_buffer_size": "8M", "max_binlog_size": "16M",
		}},
		{"512Mi", "10Gi", map[string]string{"innodb_buffer_pool_size": "102M", "performance_schema": "OFF", "max_connections": "50"}},
		{"1Gi", "10Gi", map[string]string{"innodb_buffer_pool_size": "341M", "performance_schema": "OFF", "max_connections": "125"}},
		{"4Gi", "10Gi", map[string]string{"innodb_buffer_pool_size": "2048M", "performance_schema": "ON", "max_connections": "400"}},
		{"16Gi", "1Ti", map[string]string{
			"innodb_buffer_pool_size": "9830M", "innodb_redo_log_capacity": "8192M", "max_connections": "400", "table_open_cache": "4000",
		}},
	} {
		service := &part.Service{TLS: v1alpha1.TLSRequired}
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

// TestServerHasEverySetting compares the table with what the server says of itself.
func TestServerHasEverySetting(t *testing.T) {
	m := shop(t)
	m.service.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")}
	primary := m.started()
	if replicated.Series(m.service.Image.Version) == "8.4" {
		t.Skip("MySQL 8.4 does not describe its variables")
	}
	output := m.root(primary, "SELECT variable_name, data_type, min_value, max_value FROM performance_schema.variables_metadata")
	known := map[string][]string{}
	for line := range strings.Lines(output) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		known[fields[0]] = fields[1:]
	}
	compared := 0
	for _, s := range settings {
		description := known[s.name]
		if description == nil {
			t.Errorf("the server does not know %s", s.name)
			continue
		}
		compared++
		if problem := s.disagrees(description[0], description[1], description[2]); problem != "" {
			t.Errorf("%s: %s", s.name, problem)
		}
	}
	t.Logf("%d settings compared", compared)
}

// disagrees says where the table lets through what is beyond the server's own type and range.
func (s setting) disagrees(sort, low, high string) string {
	switch sort {
	case "Boolean":
		if s.Accepts("2") || !s.Accepts("ON") {
			return "is a switch"
		}
	case "Integer":
		least, _ := new(big.Int).SetString(low, 10)
		most, _ := new(big.Int).SetString(high, 10)
		below, above := least.Sub(least, big.NewInt(1)), most.Add(most, big.NewInt(1))
		if s.Accepts(below.String()) || s.Accepts(above.String()) {
			return fmt.Sprintf("goes beyond %s to %s", low, high)
		}
	case "Numeric":
		if s.Accepts(high+"9") || s.Accepts("-1") {
			return fmt.Sprintf("goes beyond %s to %s", low, high)
		}
	}
	return ""
}

// TestServerTakesEverySetting starts the server with what the table lets through: it must take all of it.
func TestServerTakesEverySetting(t *testing.T) {
	m := shop(t)
	m.build()
	primary := m.pod("main-0", primaryAddress)
	primary.prepare()
	values := map[string][]string{}
	rounds := 0
	for _, s := range settings {
		for _, value := range candidates {
			if s.exists(m.service.Image.Version) && s.Accepts(value) {
				values[s.name] = append(values[s.name], value)
				rounds = max(rounds, len(values[s.name]))
			}
		}
	}
	for round := range rounds {
		var text strings.Builder
		fmt.Fprintf(&text, "!include %s/stackwright/config/my.cnf\n[mysqld]\nskip_networking = ON\n", primary.folder)
		chosen := map[string]string{}
		for name, list := range values {
			chosen[name] = list[round%len(list)]
		}
		replicated.WriteSettings(&text, chosen, quote)
		file := fmt.Sprintf("/tmp/try%d.cnf", round)
		primary.must(os.WriteFile(filepath.Join(primary.folder, file), []byte(text.String()), 0o444))
		output, err := primary.run(primary.spec.Containers[0], "mysqld", "--defaults-file="+file,
			"--datadir=/stackwright/data/mysql", "--validate-config", "--log-error-verbosity=2")
		if err != nil || strings.Contains(output, "[ERROR]") || strings.Contains(output, "adjusted") {
			t.Errorf("round %d: %v\n%s", round, err, output)
		}
	}
	t.Logf("%d settings, %d rounds", len(values), rounds)
}

// candidates are values of every sort; each setting is tried with those that it accepts.
var candidates = []string{
	"ON", "off", "TRUE", "1", "0", "-1", "2", "3", "10", "32", "64", "100", "256", "1000", "1K", "4096", "64K", "512K", "1000000", "2M", "16M", "1G",
	"600", "86400", "31536000", "0.5", "75.5", "99", "full", "MINIMAL", "NOBLOB", "utf8mb4_bin", "utf8mb4_0900_as_cs", "utf8mb4_unicode_520_ci",
	"DISABLED", "none", "all", "TempTable", "MEMORY", "READ-COMMITTED", "serializable", "TLSv1.2,TLSv1.3", "TLSv1.3", "",
	"ANSI_QUOTES,TRADITIONAL", "STRICT_ALL_TABLES", "mrr=on,mrr_cost_based=off", "index_merge=default",
}
