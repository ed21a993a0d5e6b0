package e2e

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// mysqlPod is a pod with MySQL's own client as part of a component.
const mysqlPod = `type: Worker, image: "stackwright.test/mysql:9.7", command: [sleep, infinity], size: Nano`

// mysql is the command of a client that has what its binding says: the variables of an entry, and the authority.
func mysql(entry, sql string, options ...string) string {
	upper := strings.ToUpper(entry)
	return `MYSQL_PWD="$` + upper + `_PASSWORD" mysql --no-defaults --host="$` + upper + `_HOST" --port="$` + upper + `_PORT" --user="$` +
		upper + `_USERNAME" --database="$` + upper + `_DATABASE" --ssl-mode=VERIFY_IDENTITY --ssl-ca=/bindings/` + entry + `/ca.crt ` +
		strings.Join(options, " ") + ` -NB -e "` + sql + `"`
}

// notes writes and reads rows of the entry main.
type notes struct {
	*harness.Namespace
	t *testing.T
}

func (r notes) write(workload, note string) {
	r.t.Helper()
	r.MustExec(workload, mysql("main", "create table if not exists notes (note varchar(40)); insert into notes values ('"+note+"')"))
}

func (r notes) want(workload string, rows ...string) {
	r.t.Helper()
	want := strings.Join(rows, "\n")
	harness.Eventually(r.t, soon, "rows of "+workload, func() (bool, string) {
		got, err := r.Exec(workload, mysql("main", "select note from notes order by note"))
		if err != nil {
			return false, err.Error()
		}
		return got == want, got
	})
}

// One MySQL serves stacks of two namespaces, each with its own login and no more than it was granted; who leaves loses the login.
func TestSharedMySQL(t *testing.T) {
	t.Parallel()
	data, apps := suite.Namespace(t), suite.Namespace(t)
	data.Apply(`apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders}
spec:
  engine: MySQL
  size: Micro
  storage: {size: 1Gi}
  allowedConsumers:
  - {namespaces: {from: Same}, databases: ["orders"], maxAccess: Owner}
  - {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: ` + apps.Name + `}}}, databases: ["orders"], maxAccess: ReadOnly}
`)
	reference := "ref: {namespace: " + data.Name + ", name: orders"
	consumer := func(name, access string) string {
		return stack(name, "  databases:\n  - {name: main, "+reference+", database: orders}, access: "+access+", default: true}\n  - {name: own, "+
			reference+"}}\n  components:\n  - {name: web, "+mysqlPod+"}\n")
	}
	data.Apply(consumer("writer", "Owner"))
	apps.Apply(consumer("reader", "ReadOnly"))
	data.Ready("writer", later)
	apps.Ready("reader", later)
	const writer, reader = "deployment/writer-web", "deployment/reader-web"
	if got := data.MustExec(writer, `echo "$DATABASE_URL"; cat /bindings/main/type`); !strings.HasPrefix(got, "mysql://") ||
		!strings.HasSuffix(got, "\nmysql") || !strings.Contains(got, "ssl-mode=VERIFY_IDENTITY") {
		t.Errorf("the binding says %q", got)
	}
	notes{data, t}.write(writer, "first")
	notes{apps, t}.want(reader, "first")
	logins := data.MustExec(writer, "echo $MAIN_USERNAME $OWN_USERNAME") + " " + apps.MustExec(reader, "echo $MAIN_USERNAME $OWN_USERNAME")
	if unique(strings.Fields(logins)) != 4 {
		t.Errorf("logins are shared: %s", logins)
	}
	private := data.MustExec(writer, "echo $OWN_DATABASE")
	data.MustExec(writer, mysql("own", "create table secrets (s int)"))
	expect(t, apps, reader, []expectation{
		{"its own database", mysql("own", "create table mine (i int); select count(*) from mine"), "0"},
		{"an encrypted session", mysql("own", "show session status like 'Ssl_version'"), "TLSv1.3"},
		{"insert with ReadOnly", mysql("main", "insert into notes values ('no')"), ""},
		{"create with ReadOnly", mysql("main", "create table mine (i int)"), ""},
		{"the other's private one", mysql("own", "select * from "+private+".secrets"), ""},
		{"other accounts", mysql("own", "select authentication_string from mysql.user"), ""},
		{"files of the server", mysql("own", "select 1 into outfile '/tmp/x'"), ""},
		{"without encryption", mysql("own", "select 1", "--ssl-mode=DISABLED", "--get-server-public-key"), ""},
	})

	address := apps.MustExec(reader, `echo "--host=$OWN_HOST --user=$OWN_USERNAME --database=$OWN_DATABASE --password=$OWN_PASSWORD"`)
	asReader := "mysql --no-defaults --ssl-mode=REQUIRED " + address + ` -NB -e "select 1"`
	if got := data.MustExec(writer, asReader); !strings.Contains(got, "1") {
		t.Fatalf("a client with the credentials is answered %q", got)
	}
	apps.Run("delete", "backendstack", "reader")
	harness.Eventually(t, soon, "the login is taken back", func() (bool, string) {
		got, err := data.Exec(writer, asReader)
		return err != nil && strings.Contains(err.Error(), "Access denied for user"), got
	})
	apps.Apply(consumer("reader", "ReadOnly"))
	apps.Ready("reader", later)
	if got := apps.MustExec(reader, mysql("own", "select count(*) from mine")); got != "0" {
		t.Errorf("a stack that left and came back finds %q", got)
	}
}

// A read copy of MySQL serves what was written on the primary, and a consumer that only reads is sent to it.
func TestMySQLReadCopy(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(`apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders}
spec:
  engine: MySQL
  size: Micro
  storage: {size: 1Gi}
  replicas: 1
  allowedConsumers: [{namespaces: {from: Same}, databases: [orders], maxAccess: Owner}]
`)
	for name, access := range map[string]string{"shop": "Owner", "reports": "ReadOnly"} {
		n.Apply(stack(name, "  databases:\n  - {name: main, ref: {name: orders, database: orders}, access: "+access+"}\n"+
			"  components:\n  - {name: web, "+mysqlPod+"}\n"))
	}
	n.Ready("shop", later)
	n.Ready("reports", later)
	r := notes{n, t}
	r.write("deployment/shop-web", "first")
	r.want("deployment/reports-web", "first")
	expect(t, n, "deployment/reports-web", []expectation{
		{"the reader is on a copy", mysql("main", "select @@super_read_only"), "1"},
	})
	expect(t, n, "deployment/shop-web", []expectation{
		{"the owner is on the primary", mysql("main", "select @@super_read_only"), "0"},
		{"the owner writes on a copy", strings.ReplaceAll(mysql("main", "insert into notes values ('no')"), `"$MAIN_HOST"`,
			"orders-replica"), ""},
	})
	n.Run("delete", "pod", "orders-replica-0")
	r.write("deployment/shop-web", "second")
	r.want("deployment/reports-web", "first", "second")
}
