package e2e

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// furnished is asked of a table whose columns have types and indexes of extensions.
const furnished = `psql "$DATABASE_URL" -qAtv ON_ERROR_STOP=1 -c "select facts -> 'colour' from items where name % 'lampe' and facts ? 'colour'"`

// furnish makes that table.
const furnish = `psql "$DATABASE_URL" -qAtv ON_ERROR_STOP=1 -c "create table items (name text, facts hstore)" \
	-c "create index on items using gin (name gin_trgm_ops)" -c "create index on items using gin (facts)" \
	-c "insert into items values ('lamp', 'colour=>red'), ('chair', 'legs=>4')"`

// TestExtensions: extensions of the spec serve the logins of stacks, one that the image lacks is named and holds up nothing else, one
// with a library restarts the server and keeps the rows, and a backup comes back with the columns that have types of them.
func TestExtensions(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	const web = "deployment/shop-web"
	ask := func(names string) {
		n.Apply(stack("shop", "  stackClassName: "+class+`
  databases:
  - name: main
    engine: PostgreSQL
    size: Nano
    storage: {size: 1Gi}
    extensions: [`+names+`]
    allowedConsumers: [{namespaces: {from: Same}, databases: [shop], maxAccess: ReadOnly}]
  components:
  - {name: web, `+idle+`}
`))
	}
	ask("hstore, pg_trgm")
	n.Ready("shop", later)
	n.MustExec(web, furnish)
	expect(t, n.Namespace, web, []expectation{
		{"rows with types of extensions", furnished, "red"},
		{"an extension of the administrator", `psql "$DATABASE_URL" -qAtc "drop extension hstore cascade"`, ""},
		{"something of the stack beside extensions", `psql "$DATABASE_URL" -qAtc "create table extensions.mine (i int)"`, ""},
	})

	server := n.server(t)
	ask("hstore, nowhere, pg_trgm, fuzzystrmatch")
	condition := n.Await(&v1alpha1.StackDatabase{}, "shop-main", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonExtensionsFailed, later)
	if m := condition.Message; !strings.Contains(m, "nowhere in database shop") || strings.Contains(m, "fuzzystrmatch") {
		t.Errorf("not the one that the image lacks: %s", m)
	}
	n.Apply(stack("reports", "  databases: [{name: main, ref: {name: shop-main, database: shop}, access: ReadOnly}]\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("reports", soon)
	for _, workload := range []string{web, "deployment/reports-web"} {
		expect(t, n.Namespace, workload, []expectation{
			{"the rows", furnished, "red"},
			{"an extension after the one that is missing", `psql "$DATABASE_URL" -qAtc "select levenshtein('lamp', 'limp')"`, "1"},
		})
	}
	if now := n.server(t); now != server {
		t.Errorf("the server was restarted for an extension without a library: %s became %s", server, now)
	}

	ask("hstore, pg_trgm, pg_stat_statements")
	n.Await(&v1alpha1.StackDatabase{}, "shop-main", v1alpha1.ConditionReady, metav1.ConditionTrue, "", later)
	if now := n.server(t); now == server {
		t.Error("the server was not restarted for a library")
	}
	kept := []expectation{
		{"the rows", furnished, "red"},
		{"statements are counted", `psql "$DATABASE_URL" -qAtc "select 'counted' from pg_stat_statements limit 1"`, "counted"},
	}
	expect(t, n.Namespace, web, append(kept, expectation{
		"an extension that is not asked for any more stays", `psql "$DATABASE_URL" -qAtc "select levenshtein('lamp', 'limp')"`, "1",
	}))

	n.Apply(backupOf("before", "shop-main"))
	n.Await(&v1alpha1.StackBackup{}, "before", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	n.Apply(strings.Replace(restoreOf("restored", class, "before"), "  size: Nano\n",
		"  size: Nano\n  extensions: [hstore, pg_trgm, pg_stat_statements, fuzzystrmatch]\n", 1))
	n.Apply(stack("again", "  databases: [{name: main, ref: {name: restored, database: shop}, access: Owner}]\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("again", later)
	expect(t, n.Namespace, "deployment/again-web", kept)
}

// server is which pod runs the server, and how often it began.
func (n backupRoom) server(t *testing.T) string {
	t.Helper()
	pods := ""
	harness.Eventually(t, soon, "a pod of the server", func() (bool, string) {
		pods = n.Run("get", "pods", "-l", "app.kubernetes.io/instance=shop-main,app.kubernetes.io/component=primary",
			"-o", "jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount};{end}")
		return strings.Count(pods, ";") == 1, fmt.Sprintf("%q", pods)
	})
	return pods
}
