package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// watched is an entry of a stack in the field with the entries of its sort, what says that its server is up, a value, and what a client
// does to make that grow.
type watched struct {
	field, entry, spec string
	up                 []string
	value, act         string
}

var everyEngine = []watched{
	{
		"databases", "main", `"engine":"PostgreSQL","size":"Nano","replicas":1,"storage":{"size":"1Gi"}`, []string{"pg_up 1"}, "pg_stat_database_xact_commit{",
		`for i in 1 2 3; do psql "$MAIN_URL" -qAtc "select 1"; done`,
	},
	{
		"databases", "orders", `"engine":"MySQL","size":"Micro","storage":{"size":"1Gi"}`, []string{
			"mysql_up 1", `mysql_exporter_collector_success{collector="collect.perf_schema.replication_applier_status_by_worker"} 1`,
			`mysql_exporter_collector_success{collector="collect.global_status"} 1`,
		}, `mysql_global_status_commands_total{command="create_table"}`,
		`python3 -c "import os, pymysql; pymysql.connect(host=os.environ['ORDERS_HOST'], user=os.environ['ORDERS_USERNAME'],
			password=os.environ['ORDERS_PASSWORD'], database=os.environ['ORDERS_DATABASE'], ssl={'ca': '/bindings/orders/ca.crt'}
			).cursor().execute('create table notes (note text)')"`,
	},
	{"caches", "sessions", `"engine":"Valkey","size":"Nano"`, []string{"redis_up 1"}, `redis_db_keys{db="db0"}`, `valkey-cli -u "$SESSIONS_URL" --no-auth-warning set a b`},
	{"caches", "carts", `"engine":"Redis","size":"Nano","tls":{"mode":"Required"}`, []string{"redis_up 1"}, `redis_db_keys{db="db0"}`,
		`redis-cli -u "$CARTS_URL" --cacert /bindings/carts/ca.crt --no-auth-warning set a b`},
	{"caches", "pages", `"engine":"Memcached","size":"Nano"`, []string{"memcached_up 1"}, "memcached_current_items ",
		`printf 'set k 0 60 5\r\nhello\r\nquit\r\n' | timeout 5 nc "$PAGES_HOST" "$PAGES_PORT"`},
	{"queues", "jobs", `"engine":"RabbitMQ","size":"Micro","storage":{"size":"1Gi"}`, []string{"rabbitmq_identity_info{"}, "rabbitmq_queues ",
		`python3 -c "import os, kombu
with kombu.Connection(os.environ['JOBS_URL']) as c: c.SimpleQueue('told')"`},
}

// patchOf gives every engine's entry more fields.
func patchOf(t *testing.T, more string) string {
	t.Helper()
	spec := map[string][]json.RawMessage{}
	for _, w := range everyEngine {
		spec[w.field] = append(spec[w.field], json.RawMessage(fmt.Sprintf(`{"name":%q,%s%s}`, w.entry, w.spec, more)))
	}
	content, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// object is the service of an entry.
func (w watched) object() harness.Conditioned {
	return map[string]harness.Conditioned{
		"databases": &v1alpha1.StackDatabase{}, "caches": &v1alpha1.StackCache{}, "queues": &v1alpha1.StackQueue{},
	}[w.field]
}

// sum adds the values of a metric.
func sum(metrics, name string) (float64, bool) {
	total, found := 0.0, false
	for line := range strings.Lines(metrics) {
		if words := strings.Fields(line); strings.HasPrefix(line, name) && len(words) > 1 {
			if value, err := strconv.ParseFloat(words[len(words)-1], 64); err == nil {
				total, found = total+value, true
			}
		}
	}
	return total, found
}

// servers are the pods of the servers of a namespace: name, UID, and how often their containers were started again.
func servers(t *testing.T, n *harness.Namespace) map[string]string {
	t.Helper()
	pods := &corev1.PodList{}
	if err := n.Client.List(t.Context(), pods, client.InNamespace(n.Name), client.HasLabels{"apps.kubernetes.io/pod-index"}); err != nil {
		t.Fatal(err)
	}
	result := map[string]string{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if strings.HasSuffix(pod.Labels["app.kubernetes.io/component"], "metrics") {
			continue
		}
		result[pod.Name] = fmt.Sprintf("%s restarted %d times", pod.UID, pod.Status.ContainerStatuses[0].RestartCount)
	}
	return result
}

// Every engine tells what its servers do, to a scraper that is not ours, and asking for it restarts none of them.
func TestMetrics(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", "  components:\n  - {name: web, "+idle+"}\n"))
	n.Patch("backendstack/shop", patchOf(t, ""))
	n.Ready("shop", 2*later)
	const web = "deployment/shop-web"
	before := servers(t, n)

	n.Patch("backendstack/shop", patchOf(t, `,"metrics":{}`))
	for _, w := range everyEngine {
		n.Await(w.object(), "shop-"+w.entry, v1alpha1.ConditionMetricsReady, metav1.ConditionTrue, v1alpha1.ReasonTelling, later)
	}
	n.Ready("shop", later)
	for _, w := range everyEngine {
		t.Run(w.entry, func(t *testing.T) { w.tells(t, n, web) })
	}
	t.Run("read copy", func(t *testing.T) {
		says(t, n, web, "http://shop-main-rmetric:9187/metrics", "pg_up 1", "pg_replication_is_replica 1")
	})
	after := servers(t, n)
	for name, uid := range before {
		if after[name] != uid {
			t.Errorf("pod %s was %s and is %q", name, uid, after[name])
		}
	}
	if len(before) != len(everyEngine)+1 {
		t.Errorf("servers were %v", before)
	}
}

// says waits until an address says all the words, and returns the rest.
func says(t *testing.T, n *harness.Namespace, workload, address string, words ...string) string {
	t.Helper()
	var told string
	harness.Eventually(t, soon, address+" says "+strings.Join(words, ", "), func() (bool, string) {
		var err error
		if told, err = n.Exec(workload, `curl -sf --max-time 20 "`+address+`"`); err != nil {
			return false, fmt.Sprint(told, err)
		}
		for _, word := range words {
			if !strings.Contains(told, word) {
				return false, "there is no " + word
			}
		}
		return true, ""
	})
	return told
}

// tells reads the metrics as the binding says, before and after a client does something.
func (w watched) tells(t *testing.T, n *harness.Namespace, web string) {
	address := fmt.Sprintf("http://$(cat /bindings/%[1]s/metrics-host):$(cat /bindings/%[1]s/metrics-port)/metrics", w.entry)
	before, _ := sum(says(t, n, web, address, w.up...), w.value)
	n.MustExec(web, w.act)
	harness.Eventually(t, soon, w.value+" grows", func() (bool, string) {
		now, found := sum(says(t, n, web, address, w.up...), w.value)
		return found && now > before, fmt.Sprintf("%v was %v", now, before)
	})
}

// An exporter that does not run takes nothing from the service but the word that it does not.
func TestMetricsOfABrokenExporter(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	class := &v1alpha1.StackClass{}
	if err := n.Client.Get(t.Context(), client.ObjectKey{Name: "local"}, class); err != nil {
		t.Fatal(err)
	}
	own := &v1alpha1.StackClass{ObjectMeta: metav1.ObjectMeta{Name: n.Name}, Spec: *class.Spec.DeepCopy()}
	own.Spec.Monitoring = &v1alpha1.ClassMonitoring{Namespaces: v1alpha1.NamespaceGrant{From: v1alpha1.NamespacesAll}}
	for i := range own.Spec.Images {
		if image := &own.Spec.Images[i]; image.Engine == v1alpha1.EngineRedisExporter {
			image.Image = "stackwright.test/absent:1"
		}
	}
	if err := n.Client.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	n.DeleteAtEnd("stackclass/" + n.Name)
	n.Apply("apiVersion: stackwright.dev/v1alpha1\nkind: StackCache\nmetadata: {name: pages}\nspec: {engine: Valkey, size: Nano, metrics: {}, stackClassName: " + n.Name + "}\n")
	cache := &v1alpha1.StackCache{}
	n.Await(cache, "pages", v1alpha1.ConditionMetricsReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed, later)
	n.Await(cache, "pages", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, later)

	n.Run("patch", "stackclass/"+n.Name, "--type=merge", "--patch", imagesOf(t, class))
	n.Await(cache, "pages", v1alpha1.ConditionMetricsReady, metav1.ConditionTrue, v1alpha1.ReasonTelling, later)
}

func imagesOf(t *testing.T, class *v1alpha1.StackClass) string {
	t.Helper()
	content, err := json.Marshal(map[string]any{"spec": map[string]any{"images": class.Spec.Images}})
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
