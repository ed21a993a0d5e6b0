package e2e

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/audit"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// owned are the kinds that a stack and its data services own, each with an edit that a hand might make.
var owned = []struct {
	kind schema.GroupVersionKind
	edit string
}{
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, `{"spec":{"revisionHistoryLimit":7,"template":{"spec":{"terminationGracePeriodSeconds":11}}}}`},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}, `{"metadata":{"labels":{"app.kubernetes.io/component":"nobody"}},"spec":{"template":{"spec":{"enableServiceLinks":true}}}}`},
	{schema.GroupVersionKind{Version: "v1", Kind: "Service"}, `{"spec":{"selector":{"app.kubernetes.io/name":"nobody"}}}`},
	{schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}, `{"automountServiceAccountToken":true}`},
	{schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, `{"metadata":{"labels":{"app.kubernetes.io/component":"nobody"}}}`},
	{schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}, `{"spec":{"maxReplicas":9}}`},
	{schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}, `{"spec":{"maxUnavailable":null,"minAvailable":7}}`},
	{schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}, `{"spec":{"ingress":[{}],"egress":[{}]}}`},
	{schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, ""},
}

// What a hand changes or deletes comes back as it was, and then nothing is written any more. What the spec drops goes.
func TestDrift(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	n.Apply(everything)
	n.Ready("all", later)
	rows{n, t}.write("deployment/all-web", "first")
	for _, k := range owned {
		objects := objectsOf(t, n, k.kind)
		if len(objects) == 0 {
			t.Errorf("there is no %s", k.kind.Kind)
		}
		for i := range objects {
			object := &objects[i]
			before := wanted(object)
			if k.edit != "" && !immutable(object) {
				edit(t, n, object, k.edit)
				repaired(t, n, object, before, "edited")
			}
			if err := suite.Client.Delete(t.Context(), object.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
				t.Fatal(err)
			}
			repaired(t, n, object, before, "deleted")
		}
	}
	n.Ready("all", later)
	rows{n, t}.want("deployment/all-web", "first")
	restsNow(t, n)
	shrink(t, n)
}

// objectsOf lists the objects of a kind that a resource of ours controls.
func objectsOf(t *testing.T, n *harness.Namespace, kind schema.GroupVersionKind) []unstructured.Unstructured {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind)
	if err := suite.Client.List(t.Context(), list, client.InNamespace(n.Name)); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(object unstructured.Unstructured) bool {
		controller := metav1.GetControllerOf(&object)
		return controller == nil || !strings.HasPrefix(controller.APIVersion, "stackwright.dev/")
	})
}

func immutable(object *unstructured.Unstructured) bool {
	fixed, _, _ := unstructured.NestedBool(object.Object, "immutable")
	return fixed
}

// wanted is the part of an object that we decide, without what the cluster fills in anew for each object.
func wanted(object *unstructured.Unstructured) map[string]any {
	content := object.DeepCopy().Object
	result := map[string]any{"data": content["data"], "automountServiceAccountToken": content["automountServiceAccountToken"]}
	for key, value := range object.GetLabels() {
		result["label "+key] = value
	}
	spec, _ := content["spec"].(map[string]any)
	for _, field := range []string{"clusterIP", "clusterIPs"} {
		delete(spec, field)
	}
	if object.GetKind() == "Job" {
		delete(spec, "selector")
		delete(spec, "template")
	}
	ports, _ := spec["ports"].([]any)
	for _, port := range ports {
		if p, ok := port.(map[string]any); ok {
			delete(p, "nodePort")
		}
	}
	result["spec"] = spec
	return result
}

func edit(t *testing.T, n *harness.Namespace, object *unstructured.Unstructured, patch string) {
	t.Helper()
	if data, _, _ := unstructured.NestedStringMap(object.Object, "data"); len(data) > 0 {
		key := slices.Sorted(maps.Keys(data))[0]
		patch = fmt.Sprintf(`{"data":{%q:"edited by hand"}}`, key)
	}
	target := object.DeepCopy()
	if err := suite.Client.Patch(t.Context(), target, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("a-hand")); err != nil {
		t.Fatalf("edit %s %s of %s: %v", object.GetKind(), object.GetName(), n, err)
	}
	if target.GetResourceVersion() == object.GetResourceVersion() {
		t.Errorf("the edit of %s %s changed nothing", object.GetKind(), object.GetName())
	}
}

func repaired(t *testing.T, n *harness.Namespace, object *unstructured.Unstructured, before map[string]any, what string) {
	t.Helper()
	name := object.GetKind() + " " + object.GetName()
	harness.Eventually(t, soon, name+", "+what+", is as before", func() (bool, string) {
		now := &unstructured.Unstructured{}
		now.SetGroupVersionKind(object.GroupVersionKind())
		if err := n.Get(now, object.GetName()); err != nil {
			return false, err.Error()
		}
		if what == "deleted" && now.GetUID() == object.GetUID() {
			return false, "it is being deleted"
		}
		after := wanted(now)
		return reflect.DeepEqual(before, after), fmt.Sprintf("\n  was %v\n  is  %v", before, after)
	})
}

// restsNow waits until nothing moves and fails when the operator writes to the namespace in the minute after that.
func restsNow(t *testing.T, n *harness.Namespace) {
	t.Helper()
	writes := func(since time.Time) (bool, string) {
		events, err := suite.Audit.Writes(since, n.Name)
		return err == nil && len(events) == 0, fmt.Sprint(err, audit.Describe(events, 10))
	}
	harness.Eventually(t, soon, "the operator comes to rest", func() (bool, string) { return writes(time.Now().Add(-10 * time.Second)) })
	begin := time.Now()
	harness.Hold(t, time.Minute, "no write to a converged stack", func() (bool, string) { return writes(begin) })
}
