package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// clientProgram answers a request once it has asked two databases, two caches and a broker: over connections that it keeps, as a pool
// does, and over new ones. It does not take requests before it can.
const clientProgram = `import http.server, os, signal, socketserver, threading
import amqp, psycopg, pymysql, redis

def postgresql():
    c = psycopg.connect(os.environ["MAIN_URL"], autocommit=True, connect_timeout=10)
    return lambda: c.execute("select 1"), c.close
def mysql():
    c = pymysql.connect(host=os.environ["ORDERS_HOST"], port=int(os.environ["ORDERS_PORT"]), user=os.environ["ORDERS_USERNAME"],
        password=os.environ["ORDERS_PASSWORD"], database=os.environ["ORDERS_DATABASE"], connect_timeout=10, read_timeout=10, ssl_ca="/bindings/orders/ca.crt")
    return lambda: c.cursor().execute("select 1"), c.close
def cache(variable):
    c = redis.from_url(os.environ[variable], socket_timeout=10)
    return lambda: c.incr("requests"), c.close
def broker():
    c = amqp.Connection(host=os.environ["JOBS_HOST"] + ":" + os.environ["JOBS_PORT"], userid=os.environ["JOBS_USERNAME"],
        password=os.environ["JOBS_PASSWORD"], virtual_host=open("/bindings/jobs/virtual-host").read(), connect_timeout=10)
    c.connect()
    def use():
        channel = c.channel()
        channel.queue_declare("requests", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.close()
    return use, c.close

def connect(): return postgresql(), mysql(), cache("SESSIONS_URL"), cache("STORE_URL"), broker()

kept = None
lock = threading.Lock()
def ask():
    global kept
    with lock:
        kept = kept or connect()
        new = connect()
        for use, _ in kept + new: use()
        for _, close in new: close()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            ask()
            code, body = 200, '{"version":"%s"}' % os.environ["MAIN_USERNAME"][-2:]
        except Exception as e:
            code, body = 503, repr(e)
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *args): pass

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): pass
server = Server(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
`

// logins are commands that tell, one for each service, whether a login works still. Each fails when its login is refused.
type logins map[string]string

func loginsOf(n *harness.Namespace, workload string) logins {
	const (
		broker = `printf '%s %s %s %s' "$JOBS_HOST" "$JOBS_USERNAME" "$JOBS_PASSWORD" "$(cat /bindings/jobs/virtual-host)"`
		orders = `printf '%s %s %s' "$ORDERS_HOST" "$ORDERS_USERNAME" "$ORDERS_PASSWORD"`
	)
	url := func(variable string) string { return n.MustExec(workload, `printf %s "$`+variable+`"`) }
	return logins{
		"PostgreSQL": `psql "` + url("MAIN_URL") + `" -qAtc "select 'works'"`,
		"MySQL": `python3 -c "import sys, pymysql; h, u, p = sys.argv[1:]; pymysql.connect(host=h, user=u, password=p, ssl_ca='/bindings/orders/ca.crt'); ` +
			`print('works')" ` + n.MustExec(workload, orders),
		"Valkey": `valkey-cli -e -u "` + url("SESSIONS_URL") + `" --no-auth-warning echo works`,
		"Redis":  `redis-cli -e -u "` + url("STORE_URL") + `" --no-auth-warning echo works`,
		"RabbitMQ": `python3 -c "import sys, amqp; h, u, p, v = sys.argv[1:]; amqp.Connection(host=h, userid=u, password=p, virtual_host=v).connect(); ` +
			`print('works')" ` + n.MustExec(workload, broker),
	}
}

func (l logins) check(t *testing.T, n *harness.Namespace, workload string, work bool) {
	t.Helper()
	for service, command := range l {
		got, err := n.Exec(workload, command)
		if worked := err == nil && strings.Contains(got, "works"); worked != work {
			t.Errorf("the login of the %s works: %v, expected %v (%s, %v)", service, worked, work, got, err)
		}
	}
}

// rotateNow replaces the logins of services. Times have whole seconds: those of the next one are after everything that was made.
func rotateNow(n *harness.Namespace, services ...string) {
	at := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
	for _, service := range services {
		n.Patch(service, `{"spec":{"credentials":{"rotatedAt":"`+at+`"}}}`)
	}
}

// consumersOf are the consumers of a data service, by kind and name.
func consumersOf(t *testing.T, n *harness.Namespace, service string) []v1alpha1.ConsumerStatus {
	t.Helper()
	kind, name, _ := strings.Cut(service, "/")
	var err error
	var status v1alpha1.DataServiceStatus
	switch kind {
	case "stackdatabase":
		o := &v1alpha1.StackDatabase{}
		err = n.Get(o, name)
		status = o.Status.DataServiceStatus
	case "stackcache":
		o := &v1alpha1.StackCache{}
		err = n.Get(o, name)
		status = o.Status
	default:
		o := &v1alpha1.StackQueue{}
		err = n.Get(o, name)
		status = o.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	return status.Consumers
}

// replaced waits until a service has one set of credentials left for each consumer, made after a time.
func replaced(t *testing.T, n *harness.Namespace, service string, after time.Time) {
	t.Helper()
	harness.Eventually(t, later, "the login of "+service+" is another one, and the only one", func() (bool, string) {
		all := consumersOf(t, n, service)
		sets := &corev1.ConfigMapList{}
		if err := n.Client.List(t.Context(), sets, client.InNamespace(n.Name), client.HasLabels{"stackwright.dev/credential-set"}); err != nil {
			return false, err.Error()
		}
		bindings := 0
		for i := range sets.Items {
			if strings.HasPrefix(sets.Items[i].Name, strings.TrimPrefix(service[strings.Index(service, "/"):], "/")+"-binding-v") {
				bindings++
			}
		}
		done := len(all) == 1 && all[0].Ready == metav1.ConditionTrue && all[0].Earlier == nil && all[0].MadeAt.After(after) && bindings == 1
		return done, fmt.Sprintf("%d sets, consumers %+v", bindings, all)
	})
}

// Logins are replaced under a client that asks all the time: no request fails, and the earlier logins do not work any more.
func TestRotation(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Run("create", "configmap", "client", "--from-literal=client.py="+clientProgram)
	n.Apply(stack("shop", `  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}}
  - {name: orders, engine: MySQL, size: Micro, storage: {size: 1Gi}}
  caches:
  - {name: sessions, engine: Valkey, size: Nano}
  - {name: store, engine: Redis, size: Nano, persistence: Durable, storage: {size: 1Gi}}
  queues:
  - {name: jobs, engine: RabbitMQ, size: Micro, storage: {size: 1Gi}}
  components:
  - {name: web, image: "stackwright.test/nodejs:20", command: [python3, /srv/client.py], port: 8080, healthPath: /, size: Micro,
     volumes: [{name: srv, configMap: {name: client}}], volumeMounts: [{name: srv, mountPath: /srv}], uses: &all [main, orders, sessions, store, jobs], routes: [{name: public}]}
  - {name: shell, `+idle+`, uses: *all}
`))
	n.Ready("shop", later)
	address := clusterAddress(t, n, "shop-web")
	answers(t, address, "")
	services := []string{"stackdatabase/shop-main", "stackdatabase/shop-orders", "stackcache/shop-sessions", "stackcache/shop-store", "stackqueue/shop-jobs"}
	before, begin := loginsOf(n, "deployment/shop-shell"), time.Now().Truncate(time.Second)
	first, next := "_a", "_b"
	if n.MustExec("deployment/shop-shell", "case $MAIN_USERNAME in *_a) echo a;; *) echo b;; esac") == "b" {
		first, next = next, first
	}
	before.check(t, n, "deployment/shop-shell", true)
	l := startLoad(t, address)
	rotateNow(n, services...)
	for _, service := range services {
		replaced(t, n, service, begin)
	}
	harness.Eventually(t, soon, "the client has its new logins", func() (bool, string) {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		return l.versions[next] > 20, fmt.Sprint(l.versions)
	})
	l.end(t)
	if l.versions[first] == 0 {
		t.Errorf("the load did not see both logins: %v", l.versions)
	}
	after := loginsOf(n, "deployment/shop-shell")
	after.check(t, n, "deployment/shop-shell", true)
	before.check(t, n, "deployment/shop-shell", false)
	n.Ready("shop", soon)
}

// While new pods do not get ready, the old ones keep their login, also for new connections. Once that is mended, it is taken back.
func TestRotationThatDoesNotRoll(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	manifest := func(command string) string {
		return stack("shop", shopDatabase[1:]+`
  components:
  - {name: web, type: Worker, image: "stackwright.test/nodejs:20", size: Nano, command: [sh, -c, '`+command+`']}
`)
	}
	n.Apply(manifest(`case $MAIN_USERNAME in *_a) exec sleep infinity;; esac; exit 1`))
	n.Ready("shop", later)
	pods := n.Pods(map[string]string{"app.kubernetes.io/name": "web"})
	if len(pods) != 1 {
		t.Fatalf("pods %v", pods)
	}
	var old string
	for name := range pods {
		old = name
	}
	begin := time.Now().Truncate(time.Second)
	rotateNow(n, "stackdatabase/shop-main")
	harness.Eventually(t, later, "a new pod crashes", func() (bool, string) {
		consumers := consumersOf(t, n, "stackdatabase/shop-main")
		got := n.Run("get", "pods", "-l", "app.kubernetes.io/name=web", "-o", `jsonpath={.items[*].status.containerStatuses[*].restartCount}`)
		return consumers[0].Earlier != nil && strings.ContainsAny(got, "12345"), fmt.Sprintf("%s, %+v", got, consumers)
	})
	harness.Hold(t, 20*time.Second, "the login of the pod that serves works", func() (bool, string) {
		got, err := n.Exec(old, `psql "$MAIN_URL" -qAtc "select 'works'"`)
		return err == nil && got == "works", fmt.Sprint(got, err)
	})
	if got := n.Run("get", "stackdatabase/shop-main", "-o", `jsonpath={.status.capabilities[?(@.name=="CredentialRotation")].message}`); !strings.Contains(got, n.Name+"/shop") {
		t.Errorf("nothing says who holds the earlier login: %q", got)
	}
	url := n.MustExec(old, `printf %s "$MAIN_URL"`)
	n.Apply(manifest(`exec sleep infinity`))
	replaced(t, n, "stackdatabase/shop-main", begin)
	n.Ready("shop", soon)
	if got, err := n.Exec("deployment/shop-web", `psql "`+url+`" -qAtc "select 'works'"`); err == nil {
		t.Errorf("the earlier login works: %s", got)
	}
}

// A certificate is renewed under clients that check it: they trust the next authority before the server has it, and in the end that
// one alone.
func TestRenewal(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", shopDatabase[1:]+`
  components:
  - {name: web, `+idle+`}
`))
	n.Ready("shop", later)
	const web, query = "deployment/shop-web", `psql "$MAIN_URL" -qAtc "select 'works'"`
	expect(t, n, web, []expectation{{"a client that checks the certificate", query, "works"}})
	before := n.MustExec(web, "cat /bindings/main/ca.crt")
	if strings.Count(before, "BEGIN CERTIFICATE") != 1 {
		t.Fatalf("authorities at first: %s", before)
	}
	at := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
	n.Patch("stackdatabase/shop-main", `{"spec":{"credentials":{"renewedAt":"`+at+`"}}}`)
	var steps []string
	harness.Eventually(t, later, "the certificate is renewed", func() (bool, string) {
		database := &v1alpha1.StackDatabase{}
		if err := n.Get(database, "shop-main"); err != nil || database.Status.Certificate == nil {
			return false, fmt.Sprint(err)
		}
		step := string(database.Status.Certificate.Renewal)
		if len(steps) == 0 || steps[len(steps)-1] != step {
			steps = append(steps, step)
		}
		return step == "" && len(steps) > 1, fmt.Sprint(steps)
	})
	t.Logf("steps %q", steps)
	n.Ready("shop", later)
	after := n.MustExec(web, "cat /bindings/main/ca.crt")
	if after == before || strings.Count(after, "BEGIN CERTIFICATE") != 1 {
		t.Errorf("authorities in the end: %s", after)
	}
	old := fmt.Sprintf("printf '%%s\\n' '%s' >/tmp/old.crt; PGSSLROOTCERT=/tmp/old.crt ", before)
	expect(t, n, web, []expectation{
		{"a client that checks the next certificate", query, "works"},
		{"a client that trusts the authority before", old + `psql "$(printf %s "$MAIN_URL" | sed 's|sslrootcert=.*|sslrootcert=/tmp/old.crt|')" -qAtc "select 'works'"`, ""},
	})
}
