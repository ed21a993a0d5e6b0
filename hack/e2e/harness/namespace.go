package harness

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

const (
	labelSuite = "stackwright.dev/e2e"
	// callLimit bounds one call of kubectl, exec among them.
	callLimit = 7 * time.Minute
)

//go:embed server.js
var server string

// Namespace is the namespace of one test. It enforces the restricted profile and holds the ConfigMap server with a small web
// server, which images with Node.js run as /srv/server.js.
type Namespace struct {
	*Suite
	Name string
	t    testing.TB
}

// Namespace makes a namespace, which is deleted at the end of the test. With E2E_KEEP that of a failed test stays.
func (s *Suite) Namespace(t testing.TB) *Namespace {
	t.Helper()
	n := &Namespace{Suite: s, Name: namespaceName(t.Name()), t: t}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: map[string]string{
		labelSuite: s.Name, "pod-security.kubernetes.io/enforce": "restricted",
	}}}
	config := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.Name, Name: "server"}, Data: map[string]string{"server.js": server},
	}
	for _, object := range []client.Object{namespace, config} {
		if err := s.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { n.end(namespace) })
	return n
}

func namespaceName(test string) string {
	const longest = 40
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-", " ", "-").Replace(strings.TrimPrefix(test, "Test")))
	if len(name) > longest {
		name = name[:longest]
	}
	return "e2e-" + strings.Trim(name, "-") + "-" + strings.ToLower(rand.Text()[:5])
}

func (n *Namespace) end(namespace *corev1.Namespace) {
	if n.t.Failed() {
		n.t.Logf("state of namespace %s at the failure:\n%s", n.Name, n.snapshot())
		if n.Keep {
			n.t.Logf("namespace %s is kept", n.Name)
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := n.removeNamespace(ctx, namespace); err != nil {
		n.t.Errorf("delete namespace %s: %v", n.Name, err)
	}
}

// snapshot is what kubectl shows of the namespace.
func (n *Namespace) snapshot() string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var result strings.Builder
	if !n.Operator.Running() {
		result.WriteString("the operator is not running\n")
	}
	for _, args := range [][]string{
		{"get", "stackwright", "-o", "wide"},
		{"get", "pods,jobs,statefulsets,deployments,services,pvc", "-o", "wide"},
		{"get", "backendstacks,stackdatabases,stackcaches,stackqueues", "-o",
			`jsonpath={range .items[*]}{.kind}/{.metadata.name}: {.status.conditions[?(@.type=="Ready")].reason}: {.status.conditions[?(@.type=="Ready")].message}{"\n"}{end}`},
		{"get", "events", "--field-selector", "type=Warning"},
		{"logs", "-l", "batch.kubernetes.io/job-name", "--prefix", "--tail=8"},
		{"logs", "-l", "app.kubernetes.io/component in (primary,replica,sentinel)", "--prefix", "--tail=8"},
	} {
		output, err := n.Kubectl(ctx, "", append([]string{"-n", n.Name}, args...)...)
		if err != nil {
			output = err.Error()
		}
		result.WriteString(output + "\n")
	}
	return result.String()
}

// sweep removes namespaces that an interrupted run left behind.
func (c *Cluster) sweep(ctx context.Context) error {
	list := &corev1.NamespaceList{}
	if err := c.Client.List(ctx, list, client.MatchingLabels{labelSuite: c.Name}); err != nil {
		return err
	}
	for i := range list.Items {
		if err := c.removeNamespace(ctx, &list.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// removeNamespace deletes a namespace, and its pods without the patience that some of them ask for.
func (c *Cluster) removeNamespace(ctx context.Context, namespace *corev1.Namespace) error {
	if err := client.IgnoreNotFound(c.Client.Delete(ctx, namespace)); err != nil {
		return err
	}
	return client.IgnoreNotFound(c.Client.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(namespace.Name), client.GracePeriodSeconds(0)))
}

// Run runs kubectl in the namespace and fails the test when it fails.
func (n *Namespace) Run(args ...string) string {
	n.t.Helper()
	output, err := n.Try(args...)
	if err != nil {
		n.t.Fatal(err)
	}
	return output
}

// Try runs kubectl in the namespace.
func (n *Namespace) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(n.context(), callLimit)
	defer cancel()
	return n.Kubectl(ctx, "", append([]string{"-n", n.Name}, args...)...)
}

func (n *Namespace) context() context.Context {
	return context.WithoutCancel(n.t.Context())
}

// Apply applies a manifest.
func (n *Namespace) Apply(manifest string) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.context(), callLimit)
	defer cancel()
	if _, err := n.Kubectl(ctx, manifest, "-n", n.Name, "apply", "-f", "-"); err != nil {
		n.t.Fatal(err)
	}
}

// Patch merges a patch in JSON into an object such as backendstack/shop.
func (n *Namespace) Patch(object, patch string) {
	n.t.Helper()
	n.Run("patch", object, "--type=merge", "-p", patch)
}

// Exec runs a shell command in the first container of an object such as deployment/shop-web.
func (n *Namespace) Exec(object, command string) (string, error) {
	output, err := n.Try("exec", object, "--", "sh", "-c", command)
	return strings.TrimSpace(output), err
}

// MustExec is Exec that fails the test when the command fails.
func (n *Namespace) MustExec(object, command string) string {
	n.t.Helper()
	output, err := n.Exec(object, command)
	if err != nil {
		n.t.Fatal(err)
	}
	return output
}

// Get reads an object of the namespace.
func (n *Namespace) Get(object client.Object, name string) error {
	return n.Client.Get(n.context(), client.ObjectKey{Namespace: n.Name, Name: name}, object)
}

// Stack reads a BackendStack.
func (n *Namespace) Stack(name string) *v1alpha1.BackendStack {
	n.t.Helper()
	stack := &v1alpha1.BackendStack{}
	if err := n.Get(stack, name); err != nil {
		n.t.Fatal(err)
	}
	return stack
}

// Unstructured reads an object of any kind as it is stored.
func (n *Namespace) Unstructured(gvk schema.GroupVersionKind, name string) *unstructured.Unstructured {
	n.t.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	if err := n.Get(object, name); err != nil {
		n.t.Fatal(err)
	}
	return object
}

// Pods returns the names and UIDs of the pods that match labels and are not ending.
func (n *Namespace) Pods(labels map[string]string) map[string]string {
	n.t.Helper()
	list := &corev1.PodList{}
	if err := n.Client.List(n.context(), list, client.InNamespace(n.Name), client.MatchingLabels(labels)); err != nil {
		n.t.Fatal(err)
	}
	pods := map[string]string{}
	for i := range list.Items {
		pod := &list.Items[i]
		if pod.DeletionTimestamp.IsZero() && pod.Status.Phase != corev1.PodSucceeded {
			pods[pod.Name] = string(pod.UID)
		}
	}
	return pods
}

// Count counts the objects of a list in the namespace.
func (n *Namespace) Count(list client.ObjectList, options ...client.ListOption) int {
	n.t.Helper()
	if err := n.Client.List(n.context(), list, append(options, client.InNamespace(n.Name))...); err != nil {
		n.t.Fatal(err)
	}
	return itemCount(list)
}

// String is the namespace's name.
func (n *Namespace) String() string { return fmt.Sprintf("namespace %s", n.Name) }

// Replace writes an object that was read before.
func (n *Namespace) Replace(object client.Object) {
	n.t.Helper()
	if err := n.Client.Update(n.context(), object); err != nil {
		n.t.Fatal(err)
	}
}

// DeleteAtEnd deletes an object that is in no namespace when the test ends.
func (n *Namespace) DeleteAtEnd(object string) {
	n.t.Cleanup(func() { _, _ = n.Try("delete", object, "--ignore-not-found", "--wait=false") })
}
