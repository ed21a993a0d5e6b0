package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// service is a data service of one engine, and how a client that is not ours speaks to it.
type service struct {
	// client is the component that speaks to it; empty: idle.
	client string
	// list is the list of the stack that the entry stands in; entry is what it has besides name and engine.
	list, entry string
	// write stores $VALUE, and read prints every value that was stored, one a line. Empty: what is stored may go at any time.
	write, read string
	// parameter is a setting of the engine, and effect is a command that prints shown once it holds.
	parameter, effect, shown string
	// asked says that the probe asks the engine something that it has to answer.
	asked bool
	// freeze and thaw are commands of the engine's own that stop it from answering, and let it. Empty: its processes are stopped.
	freeze, thaw string
	// durable services have claims that grow, and keep their values when they are deleted.
	durable bool
}

const (
	respWrite  = `%[1]s -u "$MAIN_URL" --no-auth-warning rpush notes "$VALUE"`
	respRead   = `%[1]s -u "$MAIN_URL" --no-auth-warning lrange notes 0 -1`
	respEffect = `%[1]s -u "$MAIN_URL" --no-auth-warning hset pair a 1 b 2 >/dev/null && %[1]s -u "$MAIN_URL" --no-auth-warning object encoding pair`
	durable    = "size: Nano, persistence: Durable, storage: {size: 1Gi}"
	// amqpClient opens a connection and the queue notes.
	amqpClient = `python3 - <<P
import os, amqp, urllib.parse
u = urllib.parse.urlparse(os.environ["MAIN_URL"])
with amqp.Connection(host="%s:%d" % (u.hostname, u.port), userid=u.username, password=u.password, virtual_host=u.path[1:], confirm_publish=True) as c:
    channel = c.channel()
    channel.queue_declare("notes", durable=True, auto_delete=False)
`
)

func resp(client string) service {
	return service{
		list: "caches", entry: durable, durable: true, asked: true, write: fmt.Sprintf(respWrite, client), read: fmt.Sprintf(respRead, client),
		parameter: `hash-max-listpack-entries: "1"`, effect: fmt.Sprintf(respEffect, client), shown: "hashtable",
	}
}

var services = map[string]service{
	"PostgreSQL": {
		list: "databases", entry: "size: Nano, storage: {size: 1Gi}", durable: true, asked: true,
		write: `psql "$MAIN_URL" -qc "create table if not exists notes (id serial, note text)" -c "insert into notes (note) values ('$VALUE')"`,
		read:  `psql "$MAIN_URL" -qAtc "select note from notes order by id"`,

		parameter: "work_mem: 8MB", effect: `psql "$MAIN_URL" -qAtc "show work_mem"`, shown: "8MB",
	},
	"MySQL": {
		client: mysqlPod, list: "databases", entry: "size: Micro, storage: {size: 1Gi}", durable: true, asked: true,
		write: mysql("main", "create table if not exists notes (id int auto_increment primary key, note text); insert into notes (note) values ('$VALUE')"),
		read:  mysql("main", "select note from notes order by id"),

		parameter: `wait_timeout: "4321"`, effect: mysql("main", "select @@global.wait_timeout"), shown: "4321",
	},
	"Valkey": resp("valkey-cli"),
	"Redis":  resp("redis-cli"),
	"Memcached": {
		list: "caches", entry: "size: Nano",
		parameter: `max-item-size: 2m`, shown: "STAT item_size_max 2097152",
		effect: `printf 'stats settings\r\nquit\r\n' | timeout 5 nc "${MEMCACHED_SERVERS%:*}" "${MEMCACHED_SERVERS#*:}" | tr -d '\r' | grep item_size_max`,
	},
	"RabbitMQ": {
		list: "queues", entry: "size: Micro, storage: {size: 1Gi}", durable: true, asked: true,
		freeze: "rabbitmqctl -q stop_app", thaw: "rabbitmqctl -q start_app", // a stopped process is noticed too, but late: it is asked seldom
		write: amqpClient + "    channel.basic_publish_confirm(amqp.Message(\"$VALUE\", delivery_mode=2), routing_key=\"notes\")\nP",
		read: "{ " + amqpClient + `    for m in iter(lambda: channel.basic_get("notes"), None):
        print(m.body)
P
} | sort`,
		parameter: `channel_max: "7"`, effect: amqpClient + "    print(c.channel_max)\nP", shown: "7",
	},
}

// drill takes a service of an engine through the days after the first one.
type drill struct {
	service
	*harness.Namespace
	t      *testing.T
	engine string
	// values were acknowledged.
	values []string
}

const (
	drillClient = "deployment/shop-web"
	drillPod    = "shop-main-0"
)

// TestDayTwo: what every engine lives through, with values that were written before and are read after. Each step begins with
// what the one before it left.
func TestDayTwo(t *testing.T) {
	t.Parallel()
	for engine := range services {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			d := &drill{service: services[engine], Namespace: suite.Namespace(t), t: t, engine: engine}
			d.apply("")
			d.store()
			ok := (!d.asked || t.Run("Probe", d.probe)) && t.Run("Restart", d.restart) && t.Run("Parameters", d.parameters) && t.Run("Suspend", d.suspend)
			if !ok || !d.durable {
				return
			}
			_ = t.Run("Growth", d.growth) && t.Run("Retention", d.retention)
		})
	}
}

// apply applies the stack with more settings of its service, and waits for it.
func (d *drill) apply(more string) {
	d.t.Helper()
	d.ask(more)
	d.Ready("shop", later)
}

// ask applies the stack with more settings of its service.
func (d *drill) ask(more string) {
	d.t.Helper()
	d.Apply(stack("shop", fmt.Sprintf("  %s:\n  - {name: main, engine: %s, %s}\n  components:\n  - {name: web, %s}\n",
		d.list, d.engine, strings.TrimSuffix(d.entry+", "+more, ", "), cmp.Or(d.client, idle))))
}

// store writes one more value.
func (d *drill) store() {
	d.t.Helper()
	if d.write == "" {
		return
	}
	value := fmt.Sprintf("value-%d", len(d.values)+1)
	d.MustExec(drillClient, "VALUE="+value+"\n"+d.write)
	d.values = append(d.values, value)
}

// check reads every value back, and writes one more.
func (d *drill) check(t *testing.T) {
	t.Helper()
	if d.read == "" {
		return
	}
	harness.Eventually(t, soon, "every value that was written is read", func() (bool, string) {
		got, err := d.Exec(drillClient, d.read)
		return err == nil && got == strings.Join(d.values, "\n"), fmt.Sprint(got, err)
	})
	d.store()
}

// probe lets the engine hold its connections and answer nothing: the status says so, until it answers again.
func (d *drill) probe(*testing.T) {
	thaw := func() { d.MustExec(drillPod, d.thaw) }
	if d.thaw == "" {
		thaw = d.Freeze(drillPod)
	} else {
		d.MustExec(drillPod, d.freeze)
	}
	d.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, "", soon)
	thaw()
	d.Ready("shop", later)
}

// restart loses the pod without a warning.
func (d *drill) restart(t *testing.T) {
	d.Run("delete", "pod", drillPod, "--grace-period=0", "--force")
	d.Ready("shop", later)
	if d.durable {
		d.check(t)
	}
}

func (d *drill) parameters(t *testing.T) {
	d.apply("parameters: {" + d.parameter + "}")
	harness.Eventually(t, soon, "the engine has the setting", func() (bool, string) {
		got, err := d.Exec(drillClient, d.effect)
		return err == nil && strings.Contains(got, d.shown), fmt.Sprint(got, err)
	})
	if d.durable {
		d.check(t)
	}
}

func (d *drill) suspend(t *testing.T) {
	d.Patch("backendstack/shop", `{"spec":{"suspend":true}}`)
	d.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, later)
	harness.Eventually(t, soon, "no pod runs", func() (bool, string) {
		pods := d.Pods(nil)
		return len(pods) == 0, fmt.Sprint(pods)
	})
	d.Patch("backendstack/shop", `{"spec":{"suspend":false}}`)
	d.Ready("shop", later)
	if d.durable {
		d.check(t)
	}
}

// growth gives every claim more room while the same pods go on running.
func (d *drill) growth(t *testing.T) {
	pods := d.Pods(nil)
	d.entry = strings.Replace(d.entry, "1Gi", "2Gi", 1)
	d.apply("parameters: {" + d.parameter + "}")
	harness.Eventually(t, soon, "every claim has grown", func() (bool, string) {
		sizes := d.Run("get", "pvc", "-o", "jsonpath={.items[*].status.capacity.storage}")
		return sizes != "" && strings.Trim(sizes, "2Gi ") == "", sizes
	})
	if now := d.Pods(nil); !maps.Equal(now, pods) {
		t.Errorf("pods were %v and are %v", pods, now)
	}
	d.check(t)
}

// retention deletes everything that can be deleted by mistake.
func (d *drill) retention(t *testing.T) {
	claims := d.Count(&corev1.PersistentVolumeClaimList{})
	kind := map[string]string{"databases": "stackdatabase", "caches": "stackcache", "queues": "stackqueue"}[d.list]
	d.Run("delete", "backendstack/shop", kind+"/shop-main")
	harness.Eventually(t, soon, "no pod runs", func() (bool, string) {
		list := &corev1.PodList{}
		err := d.Client.List(t.Context(), list, client.InNamespace(d.Name))
		return err == nil && len(list.Items) == 0, fmt.Sprint(len(list.Items), " pods ", err)
	})
	if left := d.Count(&corev1.PersistentVolumeClaimList{}); left != claims {
		t.Fatalf("%d claims became %d", claims, left)
	}
	d.apply("parameters: {" + d.parameter + "}")
	d.check(t)
}
