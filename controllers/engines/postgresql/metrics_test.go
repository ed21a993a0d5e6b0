package postgresql

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestServerMetricsRole: the exporter's role sees how the server is, and no row of anybody. Metrics come and go under a server that runs.
func TestServerMetricsRole(t *testing.T) {
	m := shop(t)
	primary := m.started()
	m.allowed(owner, "CREATE TABLE orders (id int); GRANT SELECT ON orders TO PUBLIC", "")
	m.service.Metrics = &part.Metrics{Image: part.Image{Name: "exporter"}}
	m.provision()
	m.provision() // every step may be repeated
	ask := func(database, security, sql string) (string, error) {
		return m.queryAs(replicated.MetricsLogin, m.secrets["admin-1"][replicated.KeyProbePassword], database, "127.0.0.1", security, sql)
	}
	for sql, want := range map[string]string{
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND backend_start IS NOT NULL": "t",
		"SELECT pg_database_size('shop') > 0":                                      "t",
		"SELECT count(*) FROM pg_settings WHERE name = 'shared_preload_libraries'": "1",
	} {
		if got, err := ask("postgres", "verify-full", sql); err != nil || got != want {
			t.Errorf("%s: %v, %q", sql, err, got)
		}
	}
	for what, try := range map[string][3]string{
		"tables of a stack": {"shop", "verify-full", "SELECT count(*) FROM orders"},
		"passwords":         {"postgres", "verify-full", "SELECT count(*) FROM pg_authid"},
		"makes roles":       {"postgres", "verify-full", "CREATE ROLE eve"},
		"clear text":        {"postgres", "disable", "SELECT 1"},
	} {
		if got, err := ask(try[0], try[1], try[2]); err == nil {
			t.Errorf("%s: %q", what, got)
		}
	}
	m.service.Metrics = nil
	m.provision()
	m.allowed(owner, "SELECT count(*) FROM orders", "0")
	if strings.Contains(primary.log.String(), "PASSWORD") {
		t.Errorf("the log shows a password:\n%s", primary.log)
	}
}
