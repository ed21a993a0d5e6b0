package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// Two components of a stack call each other by name and by variable.
func TestMicroservices(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  components:
  - {name: front, `+app+`, uses: [back], env: [{name: NAME, value: front}]}
  - {name: back, `+app+`, uses: [front], env: [{name: NAME, value: back}]}
`))
	n.Ready("shop", soon)
	// The node learns of ready pods a moment after the API server: the first connection may be refused.
	const patient = `alias curl="curl --retry 10 --retry-delay 1 --retry-connrefused"
`
	for caller, call := range map[string]string{
		"shop-front": patient + `curl -sf "$BACK_URL/hello"; curl -sf "http://$BACK_HOST:$BACK_PORT/"; curl -sf http://shop-back:8080/`,
		"shop-back":  patient + `curl -sf "$FRONT_URL/hello"; curl -sf "http://$FRONT_HOST:$FRONT_PORT/"; curl -sf http://shop-front:8080/`,
	} {
		called := map[string]string{"shop-front": `"name":"back"`, "shop-back": `"name":"front"`}[caller]
		if got := n.MustExec("deployment/"+caller, call); strings.Count(got, called) != 3 {
			t.Errorf("%s was answered %q", caller, got)
		}
	}
}

// One database serves stacks of two namespaces, each with its own login and no more than it was granted.
func TestSharedDatabase(t *testing.T) {
	t.Parallel()
	data, apps := suite.Namespace(t), suite.Namespace(t)
	data.Apply(`apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders}
spec:
  engine: PostgreSQL
  size: Nano
  storage: {size: 1Gi}
  allowedConsumers:
  - {namespaces: {from: Same}, databases: ["orders"], maxAccess: Owner}
  - {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: ` + apps.Name + `}}}, databases: ["orders"], maxAccess: ReadOnly}
`)
	consumer := func(name, entries string) string {
		return stack(name, "  databases:\n"+entries+"  components:\n  - {name: web, "+idle+"}\n")
	}
	reference := "ref: {namespace: " + data.Name + ", name: orders"
	data.Apply(consumer("writer", "  - {name: shared, "+reference+", database: orders}, access: Owner, default: true}\n  - {name: own, "+reference+"}}\n"))
	readerStack := consumer("reader", "  - {name: shared, "+reference+", database: orders}, access: ReadOnly, default: true}\n  - {name: own, "+reference+"}}\n")
	apps.Apply(readerStack)
	data.Ready("writer", later)
	apps.Ready("reader", later)
	const writer, reader = "deployment/writer-web", "deployment/reader-web"
	rows{data, t}.write(writer, "first")
	rows{apps, t}.want(reader, "first")

	if roles := data.MustExec(writer, "echo $SHARED_USERNAME $OWN_USERNAME") + " " + apps.MustExec(reader, "echo $SHARED_USERNAME $OWN_USERNAME"); unique(strings.Fields(roles)) != 4 {
		t.Errorf("logins are shared: %s", roles)
	}
	for what, command := range map[string]string{
		"insert with ReadOnly":      `psql "$SHARED_URL" -c "insert into notes values ('no')"`,
		"create with ReadOnly":      `psql "$SHARED_URL" -c "create table mine (i int)"`,
		"the other's private one":   `psql "$(echo "$OWN_URL" | sed "s|/$OWN_DATABASE?|/` + data.MustExec(writer, "echo $OWN_DATABASE") + `?|")" -c "select 1"`,
		"the maintenance database":  `psql "$(echo "$OWN_URL" | sed "s|/$OWN_DATABASE?|/postgres?|")" -c "select 1"`,
		"without encryption":        `psql "$(echo "$OWN_URL" | sed "s|sslmode=verify-full&sslrootcert=[^ ]*|sslmode=disable|")" -c "select 1"`,
		"files of the server":       `psql "$OWN_URL" -c "select pg_read_file('/etc/passwd')"`,
		"programs on the server":    `psql "$OWN_URL" -c "copy (select 1) to program 'id'"`,
		"passwords of other logins": `psql "$OWN_URL" -c "select rolpassword from pg_authid"`,
	} {
		if got, err := apps.Exec(reader, command); err == nil {
			t.Errorf("%s is possible: %s", what, got)
		}
	}
	for _, entry := range []string{"SHARED", "OWN"} {
		if got := apps.MustExec(reader, `psql "$`+entry+`_URL" -c '\conninfo'`); !strings.Contains(got, "SSL connection") {
			t.Errorf("the connection of %s is not encrypted: %s", entry, got)
		}
	}
	departed(t, data, apps)
	apps.Apply(readerStack)
	apps.Ready("reader", later)
	if got := apps.MustExec(reader, `psql "$OWN_URL" -qAtc "select count(*) from mine"`); got != "0" {
		t.Errorf("a stack that left and came back finds %q", got)
	}
}

func unique(words []string) int {
	seen := map[string]bool{}
	for _, word := range words {
		seen[word] = true
	}
	return len(seen)
}

// departed takes the reader away: a client that kept the credentials is not let in any more.
func departed(t *testing.T, data, apps *harness.Namespace) {
	t.Helper()
	login := apps.MustExec("deployment/reader-web", "echo $OWN_USERNAME")
	apps.MustExec("deployment/reader-web", `psql "$OWN_URL" -qc "create table mine (i int)"`)
	address := apps.MustExec("deployment/reader-web", `echo "$OWN_URL" | sed "s|sslmode=verify-full&sslrootcert=[^ ]*|sslmode=require|"`)
	if got := data.MustExec("deployment/writer-web", `psql "`+address+`" -qAtc "select 1"`); got != "1" {
		t.Fatalf("a client with the credentials is answered %q", got)
	}
	apps.Run("delete", "backendstack", "reader")
	harness.Eventually(t, soon, "the login "+login+" is taken back", func() (bool, string) {
		got, err := data.Exec("deployment/writer-web", `psql "`+address+`" -qAtc "select 1"`)
		return err != nil && (strings.Contains(err.Error(), "password authentication failed") ||
			strings.Contains(err.Error(), "not permitted to log in")), got
	})
	harness.Eventually(t, soon, "the departed stack's Secrets are gone", func() (bool, string) {
		list := &corev1.SecretList{}
		if err := suite.Client.List(t.Context(), list, client.InNamespace(apps.Name)); err != nil {
			return false, err.Error()
		}
		return len(list.Items) == 0, strings.Join(names(list.Items), ", ")
	})
}

func names(secrets []corev1.Secret) []string {
	var result []string
	for i := range secrets {
		result = append(result, secrets[i].Name)
	}
	return result
}

// What the owner of a database does not grant is refused with a reason, and works once it is granted.
func TestNotGranted(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(`apiVersion: stackwright.dev/v1alpha1
kind: StackCache
metadata: {name: pages}
spec: {engine: Memcached, size: Nano}
`)
	n.Apply(stack("shop", "  caches:\n  - {name: pages, ref: {name: pages}}\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotGranted, soon)
	n.Patch("stackcache/pages", `{"spec":{"allowedConsumers":[{"namespaces":{"from":"Same"}}]}}`)
	n.Ready("shop", soon)
}
