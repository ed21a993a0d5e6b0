package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/audit"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// everything has every kind of object that a stack can own.
var everything = stack("all", `  secrets:
  - {name: keys, generate: [SECRET_KEY]}
  volumes:
  - {name: uploads, size: 1Gi}
  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi}, replicas: 1}
  caches:
  - {name: sessions, engine: Valkey, size: Nano}
  - {name: pages, engine: Memcached, size: Nano, shards: 2}
  components:
  - {name: web, `+app+`, uses: [main, sessions, pages], replicas: 2, routes: [{name: public}]}
  - {name: api, `+app+`, uses: [web], scale: {min: 1, max: 3}}
  - {name: worker, `+idle+`, uses: [api]}
  - {name: files, type: Worker, image: "stackwright.test/nodejs:20", command: [sleep, infinity], size: Nano, uses: [],
     volumeMounts: [{name: uploads, mountPath: /uploads}]}
`)

// The operator's own life: at rest it asks for nothing; being restarted, replaced by a newer build or removed with its CRDs, it
// changes no pod and loses no row. This test is not parallel: it stops the operator.
func TestOperatorLife(t *testing.T) {
	n := suite.Namespace(t)
	r := rows{n, t}
	n.Apply(everything)
	newer := buildNewer(t)
	n.Ready("all", later)
	r.write("deployment/all-web", "first")
	pods := n.Pods(nil)
	samePods := func(t *testing.T) {
		t.Helper()
		if now := n.Pods(nil); !maps.Equal(pods, now) {
			t.Fatalf("pods were %v and are %v", pods, now)
		}
	}
	ok := t.Run("AtRest", func(t *testing.T) {
		settle(t)
		quiet(t, 60*time.Second, false)
	}) && t.Run("Resync", func(t *testing.T) {
		restart(t, suite.Binary, "--sync-period=10s")
		begin := time.Now()
		quiet(t, 32*time.Second, true)
		if writes, err := suite.Audit.Writes(begin, ""); err != nil || len(writes) > 0 {
			t.Fatalf("%v\n%s", err, audit.Describe(writes, 20))
		}
		samePods(t)
	}) && t.Run("NewerBuild", func(t *testing.T) {
		begin := time.Now()
		restart(t, <-newer)
		updates(n, metav1.ConditionTrue, "StackDatabase", "StackCache", "BackendStack")
		harness.Hold(t, 5*time.Second, "pods stay", func() (bool, string) {
			now := n.Pods(nil)
			return maps.Equal(pods, now), fmt.Sprintf("%v became %v", pods, now)
		})
		writes, err := suite.Audit.Writes(begin, n.Name)
		writes = slices.DeleteFunc(writes, func(e audit.Event) bool { return e.ObjectRef.Subresource == "status" })
		if err != nil || len(writes) > 0 {
			t.Errorf("a newer build wrote more than status: %v\n%s", err, audit.Describe(writes, 20))
		}
		restarted := fmt.Sprintf(`{"spec":{"restartedAt":%q}}`, time.Now().UTC().Format(time.RFC3339))
		n.Patch("backendstack/all", restarted)
		n.Ready("all", later)
		updates(n, metav1.ConditionFalse, "BackendStack")
		updates(n, metav1.ConditionTrue, "StackDatabase", "StackCache")
		n.Patch("stackdatabase/all-main", restarted)
		updates(n, metav1.ConditionFalse, "StackDatabase")
		n.Await(&v1alpha1.StackDatabase{}, "all-main", v1alpha1.ConditionReady, metav1.ConditionTrue, "", later)
		for _, workload := range []string{"deployment/all-web", "deployment/all-lb", "statefulset/all-main"} {
			if got := n.Run("get", workload, "-o", "jsonpath={.spec.template.spec.shareProcessNamespace}"); got != "false" {
				t.Errorf("restartedAt did not let the newer template of %s out", workload)
			}
		}
		n.Ready("all", later)
		r.want("deployment/all-web", "first")
		pods = n.Pods(nil)
	}) && t.Run("OlderBuild", func(t *testing.T) {
		restart(t, suite.Binary)
		updates(n, metav1.ConditionTrue, "BackendStack", "StackDatabase")
		samePods(t)
	})
	if !ok {
		return
	}
	t.Run("CRDsRemoved", func(t *testing.T) { removeCRDs(t, n) })
}

// updates waits for UpdateAvailable of the stack and of its data services.
func updates(n *harness.Namespace, available metav1.ConditionStatus, kinds ...string) {
	reason := v1alpha1.ReasonUpToDate
	if available == metav1.ConditionTrue {
		reason = v1alpha1.ReasonHeldBack
	}
	for _, kind := range kinds {
		switch kind {
		case "BackendStack":
			n.Await(&v1alpha1.BackendStack{}, "all", v1alpha1.ConditionUpdateAvailable, available, reason, soon)
		case "StackDatabase":
			n.Await(&v1alpha1.StackDatabase{}, "all-main", v1alpha1.ConditionUpdateAvailable, available, reason, soon)
		case "StackCache":
			n.Await(&v1alpha1.StackCache{}, "all-pages", v1alpha1.ConditionUpdateAvailable, available, reason, soon)
			n.Await(&v1alpha1.StackCache{}, "all-sessions", v1alpha1.ConditionUpdateAvailable, available, reason, soon)
		}
	}
}

// removeCRDs takes the operator and its CRDs away, once that is allowed, and brings them back.
func removeCRDs(t *testing.T, n *harness.Namespace) {
	r := rows{n, t}
	if err := suite.Operator.Stop(); err != nil {
		t.Fatal(err)
	}
	remove := append([]string{"delete", "--timeout=60s"}, harness.CRDs()...)
	if _, err := suite.Kubectl(t.Context(), "", remove...); err == nil || !strings.Contains(err.Error(), "allow-deletion") {
		t.Fatalf("the CRDs may be deleted by mistake: %v", err)
	}
	n.Run(append(append([]string{"annotate"}, harness.CRDs()...), "stackwright.dev/allow-deletion=true")...)
	n.Run(remove...)
	harness.Eventually(t, soon, "the workloads go with the CRDs", func() (bool, string) {
		left := n.Run("get", "deployments,statefulsets", "-o", "name")
		return left == "", left
	})
	if err := suite.InstallCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := suite.InstallClass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := suite.StartOperator(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Apply(everything)
	n.Ready("all", later)
	r.want("deployment/all-web", "first")
}

// settle waits until the operator has asked for nothing for a while.
func settle(t *testing.T) {
	t.Helper()
	const pause = 10 * time.Second
	harness.Eventually(t, 2*time.Minute, "the operator comes to rest", func() (bool, string) {
		events, err := suite.Audit.Since(time.Now().Add(-pause))
		requests := withoutWatches(events)
		return err == nil && len(requests) == 0, fmt.Sprint(err, audit.Describe(requests, 5))
	})
}

// quiet fails when the operator asks for anything but watches, or with onlyWrites when it changes anything.
func quiet(t *testing.T, duration time.Duration, onlyWrites bool) {
	t.Helper()
	begin := time.Now()
	harness.Hold(t, duration, "the operator is quiet", func() (bool, string) {
		events, err := suite.Audit.Since(begin)
		events = withoutWatches(events)
		if onlyWrites {
			events, err = suite.Audit.Writes(begin, "")
		}
		return err == nil && len(events) == 0, fmt.Sprint(err, audit.Describe(events, 10))
	})
}

func withoutWatches(events []audit.Event) []audit.Event {
	var rest []audit.Event
	for _, event := range events {
		if event.Verb != "watch" {
			rest = append(rest, event)
		}
	}
	return rest
}

func restart(t *testing.T, binary string, args ...string) {
	t.Helper()
	if err := suite.Operator.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := suite.Operator.Start(t.Context(), binary, args...); err != nil {
		t.Fatal(err)
	}
}

// buildNewer builds an operator that renders every pod with one more field. It is built beside the tests.
func buildNewer(t *testing.T) <-chan string {
	t.Helper()
	source := t.TempDir()
	result := make(chan string, 1)
	ctx := t.Context()
	go func() {
		defer close(result)
		binary, err := newerOperator(ctx, source)
		if err != nil {
			t.Error(err)
			return
		}
		result <- binary
	}()
	return result
}

func newerOperator(ctx context.Context, source string) (string, error) {
	for _, name := range []string{"api", "controllers", "main.go", "go.mod", "go.sum"} {
		if output, err := exec.CommandContext(ctx, "cp", "-r", filepath.Join(suite.Source, name), source).CombinedOutput(); err != nil {
			return "", fmt.Errorf("copy %s: %w: %s", name, err, output)
		}
	}
	path := filepath.Join(source, "controllers", "kit", "pod.go")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	const place = "spec := corev1.PodSpec{\n"
	changed := strings.Replace(string(content), place, place+"\t\tShareProcessNamespace: Ptr(false),\n", 1)
	if changed == string(content) {
		return "", fmt.Errorf("%s has no place for another field", path)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		return "", err
	}
	return suite.Operator.Build(ctx, source, "stackwright-newer")
}
