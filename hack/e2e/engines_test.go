package e2e

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// expectation is a command of a client and what it has to say; empty means that it has to fail.
type expectation struct{ what, command, want string }

func expect(t *testing.T, n *harness.Namespace, workload string, all []expectation) {
	t.Helper()
	for _, e := range all {
		got, err := n.Exec(workload, e.command)
		switch {
		case e.want == "" && err == nil:
			t.Errorf("%s is possible: %s", e.what, got)
		case e.want != "" && (err != nil || !strings.Contains(got, e.want)):
			t.Errorf("%s: %q, %v; expected %q", e.what, got, err, e.want)
		}
	}
}

func TestValkeyAndRedis(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  caches:
  - {name: one, engine: Valkey, size: Nano, default: true}
  - {name: two, engine: Redis, size: Nano, persistence: Durable, storage: {size: 1Gi}}
  - {name: three, engine: Valkey, size: Nano, tls: {mode: Required}}
  components:
  - {name: web, `+idle+`}
`))
	n.Ready("shop", later)
	const web = "deployment/shop-web"
	expect(t, n, web, []expectation{
		{"the injected address of Valkey", `valkey-cli -u "$REDIS_URL" --no-auth-warning set greeting hello && valkey-cli -u "$ONE_URL" --no-auth-warning get greeting`, "hello"},
		{"the injected address of Redis", `redis-cli -u "$TWO_URL" --no-auth-warning set greeting hello`, "OK"},
		{"the parts of the address", `REDISCLI_AUTH="$TWO_PASSWORD" redis-cli -h "$TWO_HOST" -p "$TWO_PORT" --user "$TWO_USERNAME" ping`, "PONG"},
		{"TLS with the authority of the binding", `valkey-cli -u "$THREE_URL" --tls --cacert /bindings/three/ca.crt --no-auth-warning ping`, "PONG"},
		{"TLS beside clear text", `redis-cli -u "$(cat /bindings/two/tls-uri)" --cacert /bindings/two/ca.crt --no-auth-warning get greeting`, "hello"},
		{"TLS without the authority", `valkey-cli -u "$THREE_URL" --tls --no-auth-warning ping`, ""},
		{"clear text where TLS is required", `timeout 5 valkey-cli -e -h "$THREE_HOST" -p "$THREE_PORT" ping`, ""},
		{"no login", `redis-cli -e -h "$TWO_HOST" -p "$TWO_PORT" get greeting`, ""},
		{"another's login", `valkey-cli -e -h "$TWO_HOST" --user "$ONE_USERNAME" -a "$ONE_PASSWORD" --no-auth-warning ping`, ""},
		{"the administration", `redis-cli -e -u "$TWO_URL" --no-auth-warning config get maxmemory`, ""},
		{"python", `python3 -c "import os,redis; print(redis.from_url(os.environ['REDIS_URL']).get('greeting'))"`, "hello"},
	})
	n.Run("delete", "pod", "shop-two-0")
	harness.Eventually(t, soon, "a durable Redis has its data after a restart", func() (bool, string) {
		got, err := n.Exec(web, `redis-cli -u "$TWO_URL" --no-auth-warning get greeting`)
		if err != nil {
			return false, err.Error()
		}
		return got == "hello", got
	})
}

func TestMemcached(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", "  caches:\n  - {name: pages, engine: Memcached, size: Nano, shards: 2}\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("shop", later)
	expect(t, n, "deployment/shop-web", []expectation{
		{"every server of the list", `for s in $(echo "$MEMCACHED_SERVERS" | tr , ' '); do
			printf 'set k 0 60 5\r\nhello\r\nget k\r\nquit\r\n' | timeout 5 nc "${s%:*}" "${s#*:}"; done | grep -c '^hello'`, "2"},
		{"the list in the binding", `cat /bindings/pages/servers`, "shop-pages-0.shop-pages."},
	})
}

// A cluster of three brokers, with clients that are not ours.
func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	cluster := func(more string) string {
		return stack("shop", "  queues:\n  - {name: jobs, engine: RabbitMQ, size: Micro, nodes: 3, storage: {size: 1Gi}"+more+"}\n"+
			"  components:\n  - {name: web, "+idle+"}\n")
	}
	n.Apply(cluster(""))
	n.Ready("shop", later)
	n.Apply(cluster(", deletionPolicy: Retain"))
	harness.Eventually(t, soon, "an inline field arrives at the queue", func() (bool, string) {
		got := n.Run("get", "stackqueue", "shop-jobs", "-o", "jsonpath={.spec.deletionPolicy}")
		return got == "Retain", got
	})
	const publish = `python3 - <<'P'
import os, kombu
with kombu.Connection(os.environ["AMQP_URL"], connect_timeout=10) as c:
    q = c.SimpleQueue("mail")
    q.put("hello", delivery_mode=2)
    q.close()
print("sent")
P`
	const receive = `python3 - <<'P'
import os, ssl, urllib.parse, amqp
u = urllib.parse.urlparse(open("/bindings/jobs/tls-uri").read())
context = {"ca_certs": "/bindings/jobs/ca.crt", "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": u.hostname}
with amqp.Connection(host="%s:%d" % (u.hostname, u.port), userid=u.username, password=u.password, virtual_host=u.path[1:], ssl=context) as c:
    channel = c.channel()
    print(channel.queue_declare("mail", passive=True), channel.basic_get("mail").body)
P`
	expect(t, n, "shop-jobs-0", []expectation{
		{"the members", `rabbitmqctl -q cluster_status --formatter json | python3 -c "import json,sys; print(len(json.load(sys.stdin)['running_nodes']))"`, "3"},
	})
	expect(t, n, "deployment/shop-web", []expectation{
		{"publishing in clear text", publish, "sent"},
		{"receiving with TLS", receive, "hello"},
		{"a wrong password", `python3 -c "import os,amqp; amqp.Connection(host=os.environ['JOBS_HOST'], userid=os.environ['JOBS_USERNAME'], password='no').connect()"`, ""},
		{"the virtual host of nobody", `python3 -c "import os,amqp; amqp.Connection(host=os.environ['JOBS_HOST'], userid=os.environ['JOBS_USERNAME'], password=os.environ['JOBS_PASSWORD'], virtual_host='/').connect()"`, ""},
	})
	queueType := n.MustExec("shop-jobs-0", `rabbitmqctl -q list_queues -p "$(rabbitmqctl -q list_vhosts --no-table-headers | grep -v '^/$' | tail -1)" name type --no-table-headers`)
	if !strings.Contains(queueType, "quorum") {
		t.Errorf("queues are not quorum queues by default: %s", queueType)
	}
	expect(t, n, "deployment/shop-web", []expectation{{"another message", publish, "sent"}})
	n.Run("delete", "pod", "shop-jobs-1")
	n.Ready("shop", later)
	expect(t, n, "deployment/shop-web", []expectation{{"receiving after a member was lost", receive, "hello"}})
}

// Read copies follow the primary, and a consumer that only reads is sent to them.
func TestReadCopies(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", `  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}, replicas: 1}
  components:
  - {name: web, `+idle+`}
`))
	n.Apply(stack("reports", `  databases:
  - {name: main, ref: {name: shop-main, database: shop}, access: ReadOnly}
  components:
  - {name: web, `+idle+`}
`))
	n.Ready("shop", later)
	database := n.MustExec("deployment/shop-web", "echo $MAIN_DATABASE")
	n.Patch("backendstack/reports", `{"spec":{"databases":[{"name":"main","ref":{"name":"shop-main","database":"`+database+`"},"access":"ReadOnly"}]}}`)
	n.Patch("stackdatabase/shop-main", `{"spec":{"allowedConsumers":[{"namespaces":{"from":"Same"},"databases":["*"],"maxAccess":"ReadOnly"}]}}`)
	n.Ready("reports", later)
	rows{n, t}.write("deployment/shop-web", "first")
	rows{n, t}.want("deployment/reports-web", "first")
	expect(t, n, "deployment/reports-web", []expectation{
		{"the reader is on a copy", `psql "$DATABASE_URL" -qAtc "select pg_is_in_recovery()"`, "t"},
		{"writing on a copy", `psql "$DATABASE_URL" -c "insert into notes values ('no')"`, ""},
	})
	expect(t, n, "deployment/shop-web", []expectation{
		{"the owner is on the primary", `psql "$DATABASE_URL" -qAtc "select pg_is_in_recovery()"`, "f"},
	})
}
