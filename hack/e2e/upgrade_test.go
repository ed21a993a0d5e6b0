package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// laterReleases are edits of the class local: it has later releases of some engines besides. That of PostgreSQL 17 is the same build
// under the name of another image, because there is no other.
var laterReleases = []string{
	"    - engine: MySQL\n", `    - engine: PostgreSQL
      version: "17.12"
      image: stackwright.test/celery:5.5
      user: {runAsUser: 110, runAsGroup: 110}
    - engine: PostgreSQL
      version: "18"
      image: stackwright.test/postgresql:18
      user: {runAsUser: 110, runAsGroup: 110}
    - engine: MySQL
`,
	"    - engine: Redis\n", `    - engine: Valkey
      version: "9.1"
      image: stackwright.test/valkey:9.1
      user: {runAsUser: 111, runAsGroup: 111}
    - engine: Redis
`,
}

const keptTarget = "{volume: {size: 2Gi}}"

// upgradeOf is a drill of an engine in a class with later releases.
func upgradeOf(t *testing.T, engine string) *drill {
	t.Helper()
	d := &drill{service: services[engine], Namespace: suite.Namespace(t), t: t, engine: engine}
	backupRoom{d.Namespace}.classWith(t, keptTarget, laterReleases...)
	d.list = "stackClassName: " + d.Name + "\n  " + d.list
	return d
}

// answers waits until a command of the client prints a text.
func (d *drill) answers(command, text string) {
	d.t.Helper()
	harness.Eventually(d.t, later, command+" prints "+text, func() (bool, string) {
		got, err := d.Exec(drillClient, command)
		return err == nil && strings.Contains(got, text), fmt.Sprint(got, err)
	})
}

// differs waits until a command of the client prints something else than before: releases within a minor version move on by themselves.
func (d *drill) differs(command, before string) {
	d.t.Helper()
	harness.Eventually(d.t, later, command+" prints something else than "+before, func() (bool, string) {
		got, err := d.Exec(drillClient, command)
		return err == nil && got != "" && got != before, fmt.Sprint(got, err)
	})
}

// TestUpgrade: engines go from one release to a later one, by the spec or by the class, and keep what was written.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	t.Run("Valkey", func(t *testing.T) {
		t.Parallel()
		d := upgradeOf(t, "Valkey")
		const version = `valkey-cli -u "$MAIN_URL" --no-auth-warning info server`
		d.apply(`version: "8.1"`)
		d.answers(version, "valkey_version:8.1.")
		d.store()
		d.apply(`version: "9.1"`)
		d.answers(version, "valkey_version:9.")
		d.check(t)
		d.ask(`version: "8.1"`)
		d.Await(&v1alpha1.StackCache{}, "shop-main", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUpgradeRefused, soon)
	})
	t.Run("Redis", func(t *testing.T) {
		t.Parallel()
		d := upgradeOf(t, "Redis")
		const version = `redis-cli -u "$MAIN_URL" --no-auth-warning info server | grep redis_version`
		d.apply("")
		before := d.MustExec(drillClient, version)
		d.store()
		backupRoom{d.Namespace}.classWith(t, keptTarget, "stackwright.test/redis:8.0", "stackwright.test/redis:8.0-next")
		d.differs(version, before)
		d.Ready("shop", later)
		d.check(t)
	})
	t.Run("Memcached", func(t *testing.T) {
		t.Parallel()
		d := upgradeOf(t, "Memcached")
		const version = `printf 'version\r\nquit\r\n' | timeout 5 nc "${MEMCACHED_SERVERS%:*}" "${MEMCACHED_SERVERS#*:}"`
		d.apply("")
		before := d.MustExec(drillClient, version)
		backupRoom{d.Namespace}.classWith(t, keptTarget, "stackwright.test/memcached:1.6", "stackwright.test/memcached:1.6-next")
		d.differs(version, before)
		d.Ready("shop", later)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		d := upgradeOf(t, "PostgreSQL")
		d.apply(`replicas: 1, version: "17"`)
		d.store()
		d.apply(`replicas: 1, version: "17.12"`)
		d.inOrder(t)
		d.check(t)
		d.major(t)
	})
}

// inOrder holds that a backup was complete before the read copy was replaced, and that one before the primary.
func (d *drill) inOrder(t *testing.T) {
	t.Helper()
	backup := &v1alpha1.StackBackup{}
	if err := d.Get(backup, "shop-main-upg-1"); err != nil || backup.Status.CompletedAt == nil {
		t.Fatalf("%v, %+v", err, backup.Status)
	}
	last := backup.Status.CompletedAt.Time
	for _, name := range []string{"shop-main-replica-0", drillPod} {
		pod := &corev1.Pod{}
		if err := d.Client.Get(t.Context(), client.ObjectKey{Namespace: d.Name, Name: name}, pod); err != nil {
			t.Fatal(err)
		}
		if image := pod.Spec.Containers[0].Image; image != "stackwright.test/celery:5.5" || pod.CreationTimestamp.Time.Before(last) {
			t.Errorf("%s of %s was made at %s, and what comes before it at %s", name, image, pod.CreationTimestamp, last)
		}
		last = pod.CreationTimestamp.Time
	}
}

// major goes from one major version of PostgreSQL to the next as the refusal says: by a backup, a new database, and another entry.
func (d *drill) major(t *testing.T) {
	t.Helper()
	d.ask(`replicas: 1, version: "18"`)
	refusal := d.Await(&v1alpha1.StackDatabase{}, "shop-main", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUpgradeRefused, soon)
	t.Log(refusal.Message)
	d.check(t)
	d.apply(`replicas: 1, version: "17.12"`)
	d.Apply(backupOf("before-18", "shop-main"))
	d.Await(&v1alpha1.StackBackup{}, "before-18", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	d.Apply(strings.Replace(restoreOf("next", d.Name, "before-18"), "engine: PostgreSQL", "engine: PostgreSQL\n  version: \"18\"", 1))
	d.Apply(stack("shop", "  stackClassName: "+d.Name+"\n  databases: [{name: main, ref: {name: next, database: shop}, access: Owner}]\n"+
		"  components:\n  - {name: web, "+idle+"}\n"))
	d.Ready("shop", later)
	d.answers(`psql "$MAIN_URL" -qAtc "show server_version"`, "18.")
	d.check(t)
}
