package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// unreplicated is how long before a primary's last answer something may have been acknowledged that no copy has (docs/valkey-redis.md).
const unreplicated = time.Second

// members is a cache with copies, a client that writes all the time, and one that reads from the copies.
type members struct {
	*ledger
	client string
	hosts  []string
	// gone are the records that were lost as they may be.
	gone map[string]bool
}

// primary is the member that the sentinels name, as a client of theirs is told.
func (m *members) primary() string {
	m.t.Helper()
	var host string
	harness.Eventually(m.t, soon, "a sentinel names the primary", func() (bool, string) {
		got, err := m.Exec(ledgerPod, `for s in $(cat /bindings/main/sentinel-hosts | tr , ' '); do `+
			m.client+` -h "${s%:*}" -p "${s#*:}" --tls --cacert /bindings/main/ca.crt sentinel get-master-addr-by-name "$(cat /bindings/main/sentinel-name)" | head -n 1; done | sort | uniq -c`)
		words := strings.Fields(got)
		if err != nil || len(words) != 2 || words[0] != "3" {
			return false, fmt.Sprint(got, err)
		}
		host = words[1]
		return true, ""
	})
	return host
}

// pod is the pod of a member, whose name is its host's first label but for the first server.
func pod(host string) string {
	name, _, _ := strings.Cut(host, ".")
	return strings.Replace(name, "shop-main-first", "shop-main-0", 1)
}

// roles asks every member what it is.
func (m *members) roles() map[string]string {
	roles := map[string]string{}
	for _, host := range m.hosts {
		got, err := m.Exec(ledgerPod, fmt.Sprintf(
			`REDISCLI_AUTH="$MAIN_PASSWORD" timeout 5 %s -h %s --user "$MAIN_USERNAME" info replication | tr -d '\r' | grep -E '^(role|master_link_status):' | tr '\n' ' '`, m.client, host))
		roles[pod(host)] = strings.TrimSpace(got)
		if err != nil {
			roles[pod(host)] = err.Error()
		}
	}
	return roles
}

// settles waits until one member is the primary and the others follow it.
func (m *members) settles() {
	m.t.Helper()
	harness.Eventually(m.t, later, "one primary, and copies that follow it", func() (bool, string) {
		roles := m.roles()
		primaries := 0
		for _, role := range roles {
			if role == "role:master" {
				primaries++
			} else if role != "role:slave master_link_status:up" {
				return false, fmt.Sprint(roles)
			}
		}
		return primaries == 1, fmt.Sprint(roles)
	})
	cache := &v1alpha1.StackCache{}
	m.Await(cache, "shop-main", v1alpha1.ConditionReady, metav1.ConditionTrue, "", later)
}

// kept compares what was acknowledged with what the primary holds. Where nothing was handed over, records may be gone that were
// acknowledged in the last moment before the service fell silent; never one of which the client was told that a copy has it.
func (m *members) kept(what string, handedOver bool, begin time.Time) {
	m.t.Helper()
	acknowledged, copied := m.acknowledged("main"), records(m.MustExec(ledgerPod, "cat /ledger/copied-main-*"))
	var held map[string]bool
	harness.Eventually(m.t, soon, what+": the primary shows what it has", func() (bool, string) {
		got, err := m.Exec(ledgerPod, "python3 /client/ledger.py main")
		held = records(got)
		return err == nil, fmt.Sprint(err)
	})
	silent, gap := longest(slices.Collect(maps.Values(acknowledged)), begin, time.Now())
	var lost []string
	excused := 0
	for record, at := range acknowledged {
		last := !at.Before(silent.Add(-unreplicated)) && !at.After(silent)
		switch {
		case held[record] || m.gone[record]:
		case last && !handedOver && !copied[record]:
			m.gone[record] = true
			excused++
		default:
			lost = append(lost, fmt.Sprintf("%s (%s before the last answer, copied: %v)", record, silent.Sub(at), copied[record]))
		}
	}
	m.t.Logf("%s: nothing acknowledged for %s; of %d records acknowledged, and %d of them copied, %d of the last moment are gone, %d lost",
		what, gap.Round(time.Millisecond), len(acknowledged), len(copied), excused, len(lost))
	if slices.Sort(lost); len(lost) > 0 {
		m.t.Errorf("%s: %d records are lost, such as %v", what, len(lost), lost[:min(len(lost), 5)])
	}
	if len(copied) == 0 {
		m.t.Errorf("%s: the client was never told that a copy has a record", what)
	}
}

// records are the words of a list.
func records(list string) map[string]bool {
	result := map[string]bool{}
	for record := range strings.FieldsSeq(list) {
		result[record] = true
	}
	return result
}

func replicated(t *testing.T, engine, client, entry string, copies int) *members {
	m := &members{ledger: &ledger{suite.Namespace(t), t}, client: client, gone: map[string]bool{}}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: m.Name, Name: "ledger"}, Data: map[string]string{"ledger.py": ledgerClient}}
	if err := suite.Client.Create(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	m.Apply(stack("shop", fmt.Sprintf(`  caches:
  - {name: main, engine: %s, size: Nano, replicas: %d, %s, allowedConsumers: [{namespaces: {from: Same}}]}
  volumes:
  - {name: ledger, size: 1Gi}
  components:
  - {name: ledger, type: Worker, image: "stackwright.test/nodejs:20", command: [python3, /client/ledger.py], size: Micro,
     volumes: [{name: client, configMap: {name: ledger}}],
     volumeMounts: [{name: client, mountPath: /client}, {name: ledger, mountPath: /ledger}]}
`, engine, copies, entry)))
	m.hosts = []string{"shop-main-first." + m.Name + ".svc.cluster.local"}
	for i := range copies {
		m.hosts = append(m.hosts, fmt.Sprintf("shop-main-replica-%d.shop-main-copy.%s.svc.cluster.local", i, m.Name))
	}
	return m
}

// TestFailover: whatever happens to the primary, a client that knows nothing of sentinels goes on within a bounded time with what was
// acknowledged and copied before, and the primary of before comes back as a copy.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine, client, entry string
		copies                int
	}{
		{"Valkey", "valkey-cli", "persistence: None", 2},
		{"Redis", "redis-cli", "persistence: Durable, storage: {size: 1Gi}", 1},
	} {
		t.Run(c.engine, func(t *testing.T) {
			t.Parallel()
			m := replicated(t, c.engine, c.client, c.entry, c.copies)
			m.Ready("shop", later)
			m.settles()
			m.goesOn(time.Time{}, "main")
			m.falls(t)
			m.reads(t)
			m.rotates(t)
		})
	}
}

func (m *members) falls(t *testing.T) {
	t.Helper()
	var thaw func()
	for _, event := range []struct {
		name      string
		handsOver bool
		do        func(pod string)
	}{
		{"the primary is deleted", true, func(pod string) { m.Run("delete", "pod", pod, "--wait=false") }},
		{"its processes are killed", false, m.Kill},
		{"it is deleted without grace", false, func(pod string) { m.Run("delete", "pod", "--grace-period=0", "--force", pod) }},
		{"it is frozen", false, func(pod string) { thaw = m.Freeze(pod) }},
	} {
		old, begin := m.primary(), time.Now()
		event.do(pod(old))
		harness.Eventually(t, soon, event.name+": the sentinels name another primary", func() (bool, string) {
			now := m.primary()
			return now != old, now
		})
		m.goesOn(time.Now(), "main")
		t.Logf("%s: %s was replaced by %s", event.name, pod(old), pod(m.primary()))
		if thaw != nil {
			thaw()
		}
		m.settles()
		m.kept(event.name, event.handsOver, begin)
	}
}

// reads: a consumer that only reads is sent to the copies, and cannot write.
func (m *members) reads(t *testing.T) {
	t.Helper()
	m.Apply(stack("reports", "  caches:\n  - {name: main, ref: {name: shop-main}, access: ReadOnly}\n  components:\n  - {name: web, "+idle+"}\n"))
	m.Ready("reports", later)
	const web = "deployment/reports-web"
	expect(t, m.Namespace, web, []expectation{
		{"the address of a reader", `echo "$MAIN_HOST"`, "shop-main-replica."},
		{"reading from a copy", m.client + ` -u "$MAIN_URL" --no-auth-warning exists ledger`, "1"},
		{"writing on a copy", m.client + ` -e -u "$MAIN_URL" --no-auth-warning set no no`, ""},
	})
}

// rotates: after a failover logins are replaced on every member.
func (m *members) rotates(t *testing.T) {
	t.Helper()
	const pair = `printf '%s %s' "$MAIN_USERNAME" "$MAIN_PASSWORD"`
	before := m.MustExec(ledgerPod, pair)
	rotateNow(m.Namespace, "stackcache/shop-main")
	refused, works := strings.Repeat("refused ", len(m.hosts)), strings.Repeat("works ", len(m.hosts))
	harness.Eventually(t, later, "every member takes the next login, and the one before no more", func() (bool, string) {
		old, err := m.logsIn(before)
		if err != nil || old != refused {
			return false, fmt.Sprintf("the login before: %s, %v", old, err)
		}
		next, err := m.Exec(ledgerPod, pair)
		if err != nil || next == before {
			return false, fmt.Sprintf("the pod has the login before, %v", err)
		}
		now, err := m.logsIn(next)
		return err == nil && now == works, fmt.Sprintf("the next login: %s, %v", now, err)
	})
	m.goesOn(time.Now(), "main")
	m.settles()
}

// logsIn says of every member whether a login works there.
func (m *members) logsIn(pair string) (string, error) {
	user, password, _ := strings.Cut(pair, " ")
	got, err := m.Exec(ledgerPod, fmt.Sprintf(
		`for h in %s; do REDISCLI_AUTH=%s timeout 5 %s -e -h "$h" --user %s echo works 2>/dev/null | grep works || echo refused; done`,
		strings.Join(m.hosts, " "), password, m.client, user))
	return strings.Join(strings.Fields(got), " ") + " ", err
}

// TestCopiesComeAndGo: a cache that keeps nothing on a volume loses nothing while it gets copies and gives them up.
func TestCopiesComeAndGo(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(stack("shop", "  caches:\n  - {name: main, engine: Valkey, size: Nano, tls: {mode: Required}}\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("shop", later)
	const web, client = "deployment/shop-web", `valkey-cli -e -u "$MAIN_URL" --cacert /bindings/main/ca.crt --no-auth-warning `
	n.MustExec(web, client+"set greeting hello")
	for _, replicas := range []int{2, 1, 0, 1} {
		n.Patch("stackcache/shop-main", fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
		cache := &v1alpha1.StackCache{}
		n.Await(cache, "shop-main", v1alpha1.ConditionReady, metav1.ConditionTrue, "", later)
		harness.Eventually(t, soon, fmt.Sprintf("with %d copies the value is there, and can be written", replicas), func() (bool, string) {
			got, err := n.Exec(web, client+"get greeting && "+client+fmt.Sprintf("set step %d", replicas))
			return err == nil && strings.Contains(got, "hello") && strings.Contains(got, "OK"), fmt.Sprint(got, err)
		})
		want := replicas + 1
		if got := len(n.Pods(map[string]string{"app.kubernetes.io/instance": "shop-main", "app.kubernetes.io/component": "primary"})) +
			len(n.Pods(map[string]string{"app.kubernetes.io/instance": "shop-main", "app.kubernetes.io/component": "replica"})); got != want {
			t.Errorf("%d members with %d copies", got, replicas)
		}
	}
}
