package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

var stackKind = v1alpha1.GroupVersion.WithKind("BackendStack")

// trouble is one thing that goes wrong, what the status has to say of it, and how it is mended.
type trouble struct {
	name string
	// before prepares the namespace; spec is the stack's.
	before func(n *harness.Namespace)
	spec   string
	// break does the damage to a stack that is Ready; nil when the spec does it from the start.
	damage func(n *harness.Namespace)
	// reason and words are what Ready=False has to carry.
	reason string
	words  []string
	// mend repairs it; nil when only another spec can.
	mend func(n *harness.Namespace)
}

// Ready says why it is false, in words that name the cause, as kubectl and kstatus understand it; and it is true again once
// the cause is gone.
func TestStatusTruth(t *testing.T) {
	t.Parallel()
	for _, row := range troubles(t) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			n := suite.Namespace(t)
			if row.before != nil {
				row.before(n)
			}
			n.Apply(stack("shop", row.spec))
			if row.damage != nil {
				n.Ready("shop", later)
				row.damage(n)
			}
			told(t, n, row)
			if row.mend == nil {
				return
			}
			row.mend(n)
			n.Run("wait", "--for=condition=Ready", "--timeout=360s", "backendstack/shop")
			verdict(t, n, status.CurrentStatus)
		})
	}
}

func told(t *testing.T, n *harness.Namespace, row trouble) {
	t.Helper()
	condition := n.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, row.reason, later)
	harness.Eventually(t, soon, "the message names the cause", func() (bool, string) {
		condition = n.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, row.reason, soon)
		for _, word := range row.words {
			if !strings.Contains(condition.Message, word) {
				return false, fmt.Sprintf("no %q in %q", word, condition.Message)
			}
		}
		return true, ""
	})
	if strings.Contains(condition.Message, "waiting") {
		t.Errorf("the message says waiting: %s", condition.Message)
	}
	version := n.Stack("shop").ResourceVersion
	columns := strings.Fields(n.Run("get", "backendstack", "shop", "--no-headers"))
	if columns[1] != "False" || columns[2] != row.reason {
		t.Errorf("kubectl get shows %v", columns)
	}
	verdict(t, n, status.InProgressStatus, status.FailedStatus)
	if _, err := n.Try("wait", "--for=condition=Ready", "--timeout=1s", "backendstack/shop"); err == nil {
		t.Error("kubectl wait says that it is Ready")
	}
	harness.Hold(t, 8*time.Second, "the status is stable", func() (bool, string) {
		now := n.Stack("shop")
		return now.ResourceVersion == version, fmt.Sprintf("%v", now.Status.Conditions)
	})
}

// verdict is what kstatus makes of the stack, without any configuration.
func verdict(t *testing.T, n *harness.Namespace, allowed ...status.Status) {
	t.Helper()
	result, err := status.Compute(n.Unstructured(stackKind, "shop"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range allowed {
		if result.Status == s {
			return
		}
	}
	t.Errorf("kstatus says %s (%s), not one of %v", result.Status, result.Message, allowed)
}

func worker(fields string) string {
	return "  components:\n  - {name: web, " + fields + "}\n"
}

func setComponent(fields string) func(*harness.Namespace) {
	return func(n *harness.Namespace) { n.Apply(stack("shop", worker(fields))) }
}

// withoutImage is a pod that does nothing but for its image.
const withoutImage = `type: Worker, command: [sleep, infinity], size: Nano, image: `

func troubles(t *testing.T) []trouble {
	t.Helper()
	return append(podTroubles(suite.DenyingRegistry(t)), platformTroubles()...)
}

func podTroubles(registry string) []trouble {
	return []trouble{
		{
			name: "ImageMissing", spec: worker(withoutImage + `"127.0.0.1:1/absent:1"`),
			reason: v1alpha1.ReasonImagePullFailed, words: []string{"component web", "127.0.0.1:1/absent:1", "cannot be pulled"},
			mend: setComponent(idle),
		},
		{
			name: "PullDenied", spec: worker(withoutImage + `"` + registry + `/private/shop:1"`),
			reason: v1alpha1.ReasonImagePullFailed, words: []string{registry + "/private/shop:1", "access denied", "imagePullSecrets"},
			mend: setComponent(idle),
		},
		{
			name: "PortWrong", spec: worker(app + `, env: [{name: LISTEN, value: "9999"}]`),
			reason: v1alpha1.ReasonNotAnswering, words: []string{"component web", "declared port"},
			mend: setComponent(app),
		},
		{
			name: "CrashLoop", spec: worker(`image: "stackwright.test/nodejs:20", command: [sh, -c, "exit 3"], port: 8080, size: Nano`),
			reason: v1alpha1.ReasonCrashLoop, words: []string{"component web", "exit code 3", "kubectl logs"},
			mend: setComponent(app),
		},
		{
			name: "Unschedulable", spec: worker(idle + `, resources: {requests: {cpu: "500"}}`),
			reason: v1alpha1.ReasonUnschedulable, words: []string{"component web", "Insufficient cpu"},
			mend: setComponent(idle),
		},
		{
			name: "ConfigMissing", spec: worker(idle + `, envFrom: [{secretRef: {name: absent}}]`),
			reason: v1alpha1.ReasonConfigMissing, words: []string{"component web", `secret "absent" not found`},
			mend: func(n *harness.Namespace) { n.Run("create", "secret", "generic", "absent", "--from-literal=A=b") },
		},
		{
			name: "QuotaExceeded", spec: worker(idle),
			before: func(n *harness.Namespace) { n.Run("create", "quota", "tight", "--hard=pods=0") },
			reason: v1alpha1.ReasonQuotaExceeded, words: []string{"component web", "quota", "tight"},
			mend: func(n *harness.Namespace) { n.Run("delete", "quota", "tight") },
		},
	}
}

func platformTroubles() []trouble {
	const cache = "  caches:\n  - {name: pages, engine: Memcached, size: Nano}\n"
	return []trouble{
		{
			name:   "StorageClassUnknown",
			spec:   "  databases:\n  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 1Gi, storageClassName: e2e-absent}}\n" + worker(idle),
			reason: v1alpha1.ReasonStorageClassNotFound, words: []string{"database main", "e2e-absent"},
			mend: func(n *harness.Namespace) {
				n.Apply("apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: e2e-absent}\n" +
					"provisioner: stackwright.dev/directory\nvolumeBindingMode: WaitForFirstConsumer\n")
				n.DeleteAtEnd("storageclass/e2e-absent")
			},
		},
		{
			name: "NameTaken", spec: worker(idle),
			before: func(n *harness.Namespace) {
				n.Run("create", "deployment", "shop-web", "--image=foreign", "--replicas=0")
			},
			reason: v1alpha1.ReasonNameConflict, words: []string{"Deployment shop-web", "somebody else"},
			mend: func(n *harness.Namespace) { n.Run("delete", "deployment", "shop-web") },
		},
		{
			name: "ClassMissing", spec: "  stackClassName: e2e-absent\n" + worker(idle),
			reason: v1alpha1.ReasonClassNotFound, words: []string{"StackClass e2e-absent"},
			mend: func(n *harness.Namespace) {
				n.Apply("apiVersion: stackwright.dev/v1alpha1\nkind: StackClass\nmetadata: {name: e2e-absent}\nspec: {profile: Development}\n")
				n.DeleteAtEnd("stackclass/e2e-absent")
			},
		},
		{
			name: "ProviderMissing", spec: cache + worker(idle),
			damage: func(n *harness.Namespace) { replaceInAnchor(n, `"provider": "Builtin"`, `"provider": "Elsewhere"`) },
			reason: v1alpha1.ReasonProviderMissing, words: []string{"cache pages", "Elsewhere"},
			mend: func(n *harness.Namespace) { replaceInAnchor(n, `"provider": "Elsewhere"`, `"provider": "Builtin"`) },
		},
		{
			name: "AnchorUnbelievable", spec: cache + worker(idle),
			damage: func(n *harness.Namespace) { replaceInAnchor(n, `"version": "1.6"`, `"version": "1.6; rm"`) },
			reason: v1alpha1.ReasonAnchorInvalid, words: []string{"cache pages", "cannot be believed"},
			mend: func(n *harness.Namespace) { replaceInAnchor(n, `"version": "1.6; rm"`, `"version": "1.6"`) },
		},
	}
}

// replaceInAnchor edits the record of the cache pages.
func replaceInAnchor(n *harness.Namespace, from, to string) {
	anchor := n.Unstructured(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, "shop-pages-cache-anchor")
	data, _ := anchor.Object["data"].(map[string]any)
	content, _ := data["anchor.json"].(string)
	data["anchor.json"] = strings.Replace(content, from, to, 1)
	n.Replace(anchor)
}

// The status tells of a suspended stack, and the data is there after it.
func TestSuspend(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	r := rows{n, t}
	n.Apply(shop(""))
	n.Ready("shop", later)
	r.write("deployment/shop-web", "first")
	n.Patch("backendstack/shop", `{"spec":{"suspend":true}}`)
	n.Await(&v1alpha1.BackendStack{}, "shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, later)
	harness.Eventually(t, soon, "no pod runs", func() (bool, string) {
		pods := n.Pods(nil)
		return len(pods) == 0, fmt.Sprint(pods)
	})
	n.Patch("backendstack/shop", `{"spec":{"suspend":false}}`)
	n.Ready("shop", later)
	r.want("deployment/shop-web", "first")
}
