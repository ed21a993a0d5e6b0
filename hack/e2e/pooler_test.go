package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// atOnce opens forty connections to the address in a variable, and lets each ask something once all of them are open. It prints how
// many got an answer: none where one could not be opened.
const atOnce = `python3 - <<P
import os, threading, psycopg
everybody, answered = threading.Barrier(40), []
def ask():
    try:
        with psycopg.connect(os.environ["%s"], autocommit=True, connect_timeout=30) as connection:
            everybody.wait(60)
            answered.append(connection.execute("select 1 from pg_sleep(0.2)").fetchone()[0])
            everybody.wait(60)
    except Exception as error:
        everybody.abort()
threads = [threading.Thread(target=ask) for _ in range(40)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(answered), "answers")
P`

// prepared asks the same prepared statement in many transactions on two connections in turns.
const prepared = `python3 - <<P
import os, psycopg
url = os.environ["MAIN_URL"]
with psycopg.connect(url, prepare_threshold=0) as one, psycopg.connect(url, prepare_threshold=0) as two:
    total = 0
    for i in range(30):
        for connection in (one, two):
            total += connection.execute("select %s::int", (i,)).fetchone()[0]
            connection.commit()
print("sum", total)
P`

// More pods than the server has connections for get on through the pooler, with the rows of before, and over changes of the login.
func TestPooler(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}, parameters: {max_connections: "25"}}
  components:
  - {name: web, type: Worker, image: "stackwright.test/nodejs:20", command: [sleep, infinity], size: Micro}
`))
	n.Ready("shop", later)
	const web = "deployment/shop-web"
	rows{n, t}.write(web, "first")
	expect(t, n, web, []expectation{{"forty at once without a pooler", fmt.Sprintf(atOnce, "MAIN_URL"), "0 answers"}})

	n.Patch("backendstack/shop", `{"spec":{"databases":[{"name":"main","engine":"PostgreSQL","size":"Nano","storage":{"size":"1Gi"},
		"parameters":{"max_connections":"25"},"pooler":{"serverConnections":5}}]}}`)
	harness.Eventually(t, later, "the client has the address of the pooler", func() (bool, string) {
		got, err := n.Exec(web, `echo "$MAIN_PORT $MAIN_DIRECT_URL"`)
		return err == nil && strings.HasPrefix(got, "6432 postgresql://"), fmt.Sprint(got, err)
	})
	n.Ready("shop", later)
	rows{n, t}.want(web, "first")
	expect(t, n, web, []expectation{
		{"forty at once through the pooler", fmt.Sprintf(atOnce, "MAIN_URL"), "40 answers"},
		{"few connections of the server", `psql "$MAIN_DIRECT_URL" -qAtc "select 'few' from pg_stat_activity where usename = current_user having count(*) <= 6"`, "few"},
		{"the server itself", `psql "$MAIN_DIRECT_URL" -qAtc "select 'direct on ' || inet_server_port()"`, "direct on 5432"},
		{"prepared statements", prepared, "sum 870"},
		{"clear text", `psql "$(echo "$MAIN_URL" | sed 's/sslmode=verify-full/sslmode=disable/')" -qAtc "select 1"`, ""},
		{"the administrator", `PGPASSWORD=guess psql "host=$MAIN_HOST port=6432 user=postgres dbname=postgres sslmode=require" -qAtc "select 1"`, ""},
		{"the role of the pooler", `PGPASSWORD=guess psql "host=$MAIN_HOST port=6432 user=stackwright_pooler dbname=postgres sslmode=require" -qAtc "select 1"`, ""},
		{"looking up passwords", `psql "$MAIN_URL" -qAtc "select * from stackwright_pooler.login('postgres')"`, ""},
	})
	budgetNamesThePooler(t, n)

	for range 2 { // the second time the first login comes again, with another password
		url, begin := n.MustExec(web, `echo "$MAIN_URL"`), time.Now().Truncate(time.Second)
		rotateNow(n, "stackdatabase/shop-main")
		replaced(t, n, "stackdatabase/shop-main", begin)
		n.Ready("shop", later)
		rows{n, t}.want(web, "first")
		expect(t, n, web, []expectation{{"the earlier login", `psql '` + strings.TrimSpace(url) + `' -qAtc "select 1"`, ""}})
	}
}

func budgetNamesThePooler(t *testing.T, n *harness.Namespace) {
	t.Helper()
	database := &v1alpha1.StackDatabase{}
	if err := n.Get(database, "shop-main"); err != nil {
		t.Fatal(err)
	}
	for _, c := range database.Status.Capabilities {
		if c.Name == "ConnectionBudget" && c.Verdict == v1alpha1.VerdictEnforced && strings.Contains(c.Message, "to the pooler, which takes 1000") {
			return
		}
	}
	t.Errorf("the budget does not name the pooler: %+v", database.Status.Capabilities)
}
