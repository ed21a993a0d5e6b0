package e2e

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

const (
	// declared is what an inline broker declares in the private virtual host of its stack.
	declared = `      queues:
      - {name: billing, maxLength: 100, deadLetterExchange: dead, deliveryLimit: 5}
      - {name: failed, type: Classic}
      - {name: log, type: Stream, maxBytes: 10Mi}
      exchanges:
      - {name: orders, type: Topic}
      - {name: dead, type: Fanout}
      bindings:
      - {exchange: orders, queue: billing, routingKey: "order.*"}
      - {exchange: dead, queue: failed}
      policies:
      - {name: replies, pattern: '^reply\.', definition: {maxLength: 1}}
`
	// broker is a client that is not ours: each command below is Python that has a channel of it.
	broker = `python3 - <<'P'
import os, amqp, urllib.parse
u = urllib.parse.urlparse(os.environ["JOBS_URL"])
with amqp.Connection(host="%s:%d" % (u.hostname, u.port), userid=u.username, password=u.password, virtual_host=u.path[1:], confirm_publish=True) as c:
    channel = c.channel()
    def send(exchange, key, text):
        channel.basic_publish_confirm(amqp.Message(text, delivery_mode=2), exchange=exchange, routing_key=key)
`
	topologyCondition = `jsonpath={.status.conditions[?(@.type=="TopologyReady")].reason} {.status.conditions[?(@.type=="TopologyReady")].message}`
)

// TestTopology: what a stack declares in its broker is there for clients that are not ours, outlives a restart, and is never changed by
// force: a queue that is declared in another way keeps its messages.
func TestTopology(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	apply := func(topology string) {
		n.Apply(stack("shop", "  queues:\n  - name: jobs\n    engine: RabbitMQ\n    size: Micro\n    storage: {size: 1Gi}\n    topology:\n"+topology+
			"  components:\n  - {name: web, "+idle+"}\n"))
	}
	const web, node = "deployment/shop-web", "shop-jobs-0"
	const queues = `rabbitmqctl -q list_queues -p shop name type arguments --no-table-headers`
	apply(declared)
	n.Ready("shop", later)
	expect(t, n, node, []expectation{
		{"a quorum queue with its arguments", queues + ` | grep billing`, `quorum	[{"x-dead-letter-exchange","dead"},{"x-delivery-limit",5},{"x-max-length",100}`},
		{"a classic queue", queues + ` | grep failed`, "classic"},
		{"a stream", queues + ` | grep log`, `stream	[{"x-max-length-bytes",10485760}`},
		{"the exchanges", `rabbitmqctl -q list_exchanges -p shop name type durable | grep orders`, "topic	true"},
	})
	expect(t, n, web, []expectation{
		{"a message on its way", broker + "    send(\"orders\", \"order.new\", \"first\")\n    print(channel.basic_get(\"billing\", no_ack=True).body)\nP", "first"},
		{"a client that declares the same", broker + `    args = {"x-queue-type": "quorum", "x-max-length": 100, "x-dead-letter-exchange": "dead", "x-delivery-limit": 5}
    print(channel.queue_declare("billing", durable=True, auto_delete=False, arguments=args).queue)
P`, "billing"},
		{"a message that is rejected", broker + `    send("orders", "order.new", "bad")
    channel.basic_reject(channel.basic_get("billing").delivery_tag, requeue=False)
P
echo rejected`, "rejected"},
		{"a queue of a client under the policy", broker + `    channel.queue_declare("reply.one", durable=True, auto_delete=False)
    for text in ("old", "new"): send("", "reply.one", text)
P
echo sent`, "sent"},
		{"a message that stays", broker + "    send(\"orders\", \"order.new\", \"kept\")\nP\necho sent", "sent"},
	})
	d := declarations{n, t}
	d.holds("a rejected message is dead-lettered", "failed", "1")
	d.holds("the policy is in force", "reply.one", "1")

	n.Run("delete", "pod", node)
	n.Ready("shop", later)
	d.holds("a message outlives a restart", "billing", "1")

	// A queue of another type is refused by name and left alone; what stands beside it is made, and others are not held up.
	n.Patch("stackqueue/shop-jobs", `{"spec":{"vhosts":[{"name":"events","queues":[{"name":"seen"}]}],
		"allowedConsumers":[{"namespaces":{"from":"Same"},"vhosts":["events"]}]}}`)
	apply(strings.Replace(declared, "{name: billing, maxLength: 100, deadLetterExchange: dead, deliveryLimit: 5}",
		"{name: billing, type: Classic}\n      - {name: more}", 1))
	d.says("TopologyDiffers", "queue billing", "x-queue-type is quorum and classic is declared", "by hand")
	d.holds("its messages stay", "billing", "1")
	d.holds("a queue beside it is made", "more", "0")
	n.Apply(stack("reports", "  queues:\n  - {name: jobs, ref: {name: shop-jobs, vhost: events}}\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("reports", later)
	expect(t, n, "deployment/reports-web", []expectation{
		{"the queue of a virtual host with a name", broker + "    send(\"\", \"seen\", \"it\")\n    print(channel.basic_get(\"seen\", no_ack=True).body)\nP", "it"},
	})

	// It is taken back, and with it what is not wanted any more: all but queues goes.
	apply(declared[:strings.Index(declared, "      - {exchange: dead, queue: failed}\n")])
	d.says("Declared")
	n.Ready("shop", later)
	expect(t, n, node, []expectation{
		{"a policy that is gone", `rabbitmqctl -q list_policies -p shop | grep replies`, ""},
		{"a binding that is gone", `rabbitmqctl -q list_bindings -p shop | grep ^dead`, ""},
	})
	d.holds("a queue that is not declared any more stays", "more", "0")
	d.holds("and the messages", "billing", "1")
}

type declarations struct {
	*harness.Namespace
	t *testing.T
}

// holds waits until a queue of the stack has so many messages.
func (d declarations) holds(what, queue, messages string) {
	d.t.Helper()
	harness.Eventually(d.t, soon, what, func() (bool, string) {
		got, err := d.Exec("shop-jobs-0", `rabbitmqctl -q list_queues -p shop name messages --no-table-headers`)
		return err == nil && strings.Contains("\n"+got+"\n", "\n"+queue+"\t"+messages+"\n"), got
	})
}

// says waits until the condition of the broker has a reason and words.
func (d declarations) says(reason string, words ...string) {
	d.t.Helper()
	harness.Eventually(d.t, later, "TopologyReady is "+reason, func() (bool, string) {
		got := d.Run("get", "stackqueue", "shop-jobs", "-o", topologyCondition)
		for _, word := range words {
			if !strings.Contains(got, word) {
				return false, got
			}
		}
		return strings.HasPrefix(got, reason+" "), got
	})
}
