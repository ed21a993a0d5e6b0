package e2e

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

//go:embed testdata/ledger.py
var ledgerClient string

const (
	ledgerPod      = "deployment/shop-ledger"
	ledgerServices = `  stackClassName: %[2]s
  databases:
  - {name: main, engine: PostgreSQL, version: "%[3]s", size: Nano, storage: {size: %[1]s}}
  - {name: other, engine: MySQL, size: Micro, storage: {size: %[1]s}}
  caches:
  - {name: store, engine: Valkey, version: "%[4]s", size: Nano, persistence: Durable, storage: {size: %[1]s}}
  queues:
  - {name: jobs, engine: RabbitMQ, size: Micro, storage: {size: %[1]s}}
  volumes:
  - {name: ledger, size: 1Gi}
  components:
  - {name: ledger, type: Worker, image: "stackwright.test/nodejs:20", command: [python3, /client/ledger.py], size: Micro,
     volumes: [{name: client, configMap: {name: ledger}}],
     volumeMounts: [{name: client, mountPath: /client}, {name: ledger, mountPath: /ledger}]}
`
)

// ledger is a client that writes numbered records all the time, and what it was told of them.
type ledger struct {
	*harness.Namespace
	t *testing.T
}

// acknowledged are the records of a service with the time of their acknowledgement.
func (l *ledger) acknowledged(service string) map[string]time.Time {
	l.t.Helper()
	result := map[string]time.Time{}
	for line := range strings.Lines(l.MustExec(ledgerPod, "cat /ledger/"+service+"-*")) {
		at, record, whole := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseFloat(at, 64)
		if !whole || err != nil {
			continue // the last line may be half written
		}
		result[record] = time.UnixMilli(int64(seconds * 1000))
	}
	return result
}

// goesOn waits until a service acknowledged something after a moment.
func (l *ledger) goesOn(after time.Time, services ...string) {
	l.t.Helper()
	for _, service := range services {
		harness.Eventually(l.t, soon, service+" acknowledges again", func() (bool, string) {
			var last time.Time // zero while nothing was acknowledged yet
			for at := range maps.Values(l.acknowledged(service)) {
				if at.After(last) {
					last = at
				}
			}
			return last.After(after), fmt.Sprintf("last %s, wanted after %s", last, after)
		})
	}
}

// longest is the longest time without an acknowledgement, and when it began.
func longest(times []time.Time, from, to time.Time) (since time.Time, gap time.Duration) {
	slices.SortFunc(times, time.Time.Compare)
	for i := 1; i < len(times); i++ {
		if pause := times[i].Sub(times[i-1]); times[i].After(from) && times[i-1].Before(to) && pause > gap {
			since, gap = times[i-1], pause
		}
	}
	return since, gap
}

// TestLedger: no record that was acknowledged is lost, whatever is killed, restarted, grown, rotated or upgraded meanwhile. How long each service
// answered nothing is printed. The operator is killed under the tests beside this one too: they must not notice.
func TestLedger(t *testing.T) {
	t.Parallel()
	l := &ledger{suite.Namespace(t), t}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: l.Name, Name: "ledger"}, Data: map[string]string{"ledger.py": ledgerClient}}
	if err := suite.Client.Create(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	backupRoom{l.Namespace}.classWith(t, keptTarget, laterReleases...)
	services := func(size, postgresql, valkey string) string {
		return stack("shop", fmt.Sprintf(ledgerServices, size, l.Name, postgresql, valkey))
	}
	l.Apply(services("1Gi", "17", "8.1"))
	l.Ready("shop", later)
	all := []string{"main", "other", "store", "jobs"}
	pods := []string{"shop-main-0", "shop-other-0", "shop-store-0", "shop-jobs-0"}
	l.goesOn(time.Time{}, all...)
	kinds := []string{"stackdatabase/shop-main", "stackdatabase/shop-other", "stackcache/shop-store", "stackqueue/shop-jobs"}
	restarted := fmt.Sprintf(`{"spec":{"restartedAt":%q}}`, time.Now().UTC().Format(time.RFC3339))
	for _, event := range []struct {
		name string
		do   func()
	}{
		{"processes are killed", func() {
			for _, pod := range pods {
				l.Kill(pod)
			}
		}},
		{"pods are deleted without grace", func() { l.Run(append([]string{"delete", "pod", "--grace-period=0", "--force"}, pods...)...) }},
		{"the operator is killed", func() {
			suite.Operator.Kill()
			if err := suite.StartOperator(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
		{"the storage grows", func() { l.Apply(services("2Gi", "17", "8.1")) }},
		{"services are restarted", func() {
			for _, service := range kinds {
				l.Patch(service, restarted)
			}
		}},
		{"logins are replaced", func() {
			begin := time.Now().Truncate(time.Second)
			rotateNow(l.Namespace, kinds...)
			for _, service := range kinds {
				replaced(t, l.Namespace, service, begin)
			}
		}},
		{"PostgreSQL and Valkey are upgraded", func() { l.Apply(services("2Gi", "17.12", "9.1")) }},
	} {
		begin := time.Now()
		event.do()
		l.goesOn(time.Now(), all...)
		l.Ready("shop", later)
		l.goesOn(time.Now(), all...)
		for _, service := range all {
			times := slices.Collect(maps.Values(l.acknowledged(service)))
			_, gap := longest(times, begin, time.Now())
			t.Logf("%s: %s: nothing acknowledged for at most %s", event.name, service, gap.Round(time.Millisecond))
		}
	}
	for _, service := range all {
		l.complete(service)
	}
}

// complete compares the ledger with what the service holds.
func (l *ledger) complete(service string) {
	l.t.Helper()
	acknowledged := l.acknowledged(service)
	held := map[string]bool{}
	for record := range strings.FieldsSeq(l.MustExec(ledgerPod, "python3 /client/ledger.py "+service)) {
		held[record] = true
	}
	var lost []string
	for record := range acknowledged {
		if !held[record] {
			lost = append(lost, record)
		}
	}
	l.t.Logf("%s: %d records acknowledged, %d held, %d lost", service, len(acknowledged), len(held), len(lost))
	if slices.Sort(lost); len(lost) > 0 {
		l.t.Errorf("%s lost %d acknowledged records, such as %v", service, len(lost), lost[:min(len(lost), 5)])
	}
}
