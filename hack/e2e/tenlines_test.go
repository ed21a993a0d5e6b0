package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// rows writes and reads rows as the application does: with the variables that its pod got.
type rows struct {
	*harness.Namespace
	t *testing.T
}

func (r rows) write(workload, note string) {
	r.t.Helper()
	r.MustExec(workload, `psql "$DATABASE_URL" -qv ON_ERROR_STOP=1 -c "create table if not exists notes (note text)" -c "insert into notes values ('`+note+`')"`)
}

func (r rows) want(workload string, notes ...string) {
	r.t.Helper()
	want := strings.Join(notes, "\n")
	harness.Eventually(r.t, soon, "rows of "+workload, func() (bool, string) {
		got, err := r.Exec(workload, `psql "$DATABASE_URL" -qAtc "select note from notes order by note"`)
		if err != nil {
			return false, err.Error()
		}
		return got == want, got
	})
}

const shopDatabase = `
  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}}`

func shop(component string) string {
	return stack("shop", shopDatabase[1:]+"\n  components:\n  - {name: web, "+app+component+"}\n")
}

// The ten lines of the design become a backend, with no field but those that they have.
func TestTenLines(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(`apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - name: web
    image: stackwright.test/demo-web:1
    port: 8080
`)
	n.Run("wait", "--for=condition=Ready", "--timeout=360s", "backendstack/shop")
	r := rows{n, t}
	r.write("deployment/shop-web", "first")
	r.want("deployment/shop-web", "first")
	columns := strings.Fields(n.Run("get", "bs", "shop", "--no-headers", "-o", "wide"))
	// NAME READY REASON URL (empty) AGE CLASS COMPONENTS DATABASES CACHES QUEUES
	want := map[int]string{0: "shop", 1: "True", 2: "Ready"}
	for i, value := range want {
		if columns[i] != value {
			t.Errorf("column %d is %q, not %q: %v", i, columns[i], value, columns)
		}
	}
	for _, value := range []string{"local", "1/1", "0/0"} {
		if !strings.Contains(strings.Join(columns, " "), value) {
			t.Errorf("no column has %q: %v", value, columns)
		}
	}
	if listed := n.Run("get", "stackwright", "-o", "name"); !strings.Contains(listed, "stackdatabase.stackwright.dev/shop-main") {
		t.Errorf("kubectl get stackwright lists %q", listed)
	}
}

// Edits take effect, and what is removed from the spec goes; the data stays.
func TestEdits(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	r := rows{n, t}
	n.Apply(shop(""))
	n.Ready("shop", later)
	r.write("deployment/shop-web", "first")

	n.Apply(shop(`, replicas: 2, env: [{name: VERSION, value: "2"}], image: "stackwright.test/demo-web:1"`))
	n.Ready("shop", later)
	if got := n.MustExec("deployment/shop-web", "echo $VERSION"); got != "2" {
		t.Errorf("VERSION is %q", got)
	}
	pods := n.Run("get", "pods", "-l", "app.kubernetes.io/name=web", "-o",
		`jsonpath={range .items[?(@.status.phase=="Running")]}{.spec.containers[0].image}{"\n"}{end}`)
	if !strings.Contains(pods, "demo-web:1") {
		t.Errorf("pods run %q", pods)
	}
	r.want("deployment/shop-web", "first")

	n.Apply(shop(`, uses: []`))
	n.Ready("shop", later)
	if got := n.MustExec("deployment/shop-web", "echo ${DATABASE_URL:-none}; ls /bindings 2>/dev/null | wc -l"); got != "none\n0" {
		t.Errorf("a component that uses nothing sees %q", got)
	}

	n.Apply(stack("shop", "  components:\n  - {name: other, "+idle+"}\n"))
	n.Ready("shop", later)
	harness.Eventually(t, soon, "the old component goes, the database stays", func() (bool, string) {
		listed := n.Run("get", "deployments,statefulsets,services", "-o", "name")
		gone := !strings.Contains(listed, "shop-web")
		return gone && strings.Contains(listed, "statefulset.apps/shop-main") && strings.Contains(listed, "deployment.apps/shop-other"), listed
	})

	n.Apply(shop(""))
	n.Ready("shop", later)
	r.want("deployment/shop-web", "first")
}

// Rows survive whatever happens to the resources above them.
func TestDataSurvives(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	r := rows{n, t}
	n.Apply(shop(""))
	n.Ready("shop", later)
	r.write("deployment/shop-web", "first")
	claims := &corev1.PersistentVolumeClaimList{}
	before := n.Count(claims)

	n.Run("delete", "backendstack", "shop", "--wait=true")
	harness.Eventually(t, soon, "the components go", func() (bool, string) {
		left := n.Run("get", "deployments", "-o", "name")
		return left == "", left
	})
	harness.Eventually(t, soon, "nobody claims the database", func() (bool, string) {
		got := n.Run("get", "sdb", "shop-main", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
		return got == "True", got
	})
	n.Apply(shop(""))
	n.Ready("shop", later)
	r.want("deployment/shop-web", "first")
	r.write("deployment/shop-web", "second")

	pods := n.Pods(map[string]string{"app.kubernetes.io/name": "postgresql"})
	n.Run("delete", "stackdatabase", "shop-main", "--cascade=orphan")
	n.Ready("shop", later)
	r.want("deployment/shop-web", "first", "second")
	for name, uid := range n.Pods(map[string]string{"app.kubernetes.io/name": "postgresql"}) {
		if pods[name] != uid {
			t.Errorf("pod %s of the orphaned database was replaced", name)
		}
	}

	n.Run("delete", "stackdatabase", "shop-main")
	n.Ready("shop", later)
	r.want("deployment/shop-web", "first", "second")
	if after := n.Count(claims); after != before {
		t.Errorf("%d claims became %d", before, after)
	}
}
