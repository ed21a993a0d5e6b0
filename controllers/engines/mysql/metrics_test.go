package mysql

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestServerMetricsAccount: the exporter's account sees how the server is, and no row and no statement of anybody.
func TestServerMetricsAccount(t *testing.T) {
	m := shop(t)
	m.started()
	m.allowed(owner, "CREATE TABLE orders (id int)", "")
	m.service.Metrics = &part.Metrics{Image: part.Image{Name: "exporter"}}
	m.provision()
	m.provision() // every step may be repeated
	exporter := client{
		replicated.MetricsLogin, m.secrets[m.service.Admin.Secret][replicated.KeyProbePassword], "", primaryAddress, "VERIFY_IDENTITY",
	}
	for sql, want := range map[string]string{
		"SHOW GLOBAL STATUS LIKE 'Threads_running'":                                                                 "Threads_running",
		"SHOW GLOBAL VARIABLES LIKE 'max_connections'":                                                              "max_connections",
		"SELECT count(*) FROM performance_schema.replication_applier_status_by_worker":                              "0",
		"SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop'":                                "0",
		"SELECT count(*) FROM information_schema.processlist WHERE user <> substring_index(current_user(), '@', 1)": "0",
	} {
		if got, err := m.ask(exporter, sql); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %v, %q", sql, err, got)
		}
	}
	for what, sql := range map[string]string{
		"tables of a stack": "SELECT count(*) FROM shop.orders",
		"passwords":         "SELECT count(*) FROM mysql.user",
		"statements":        "SELECT count(*) FROM performance_schema.events_statements_current",
		"makes accounts":    "CREATE USER eve",
	} {
		if got, err := m.ask(exporter, sql); err == nil {
			t.Errorf("%s: %q", what, got)
		}
	}
	exporter.security = "DISABLED"
	if got, err := m.ask(exporter, "SELECT 1"); err == nil {
		t.Errorf("clear text: %q", got)
	}
	m.service.Metrics = nil
	m.provision()
}
