package apply

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldOwner is the name under which the API server records our fields.
const FieldOwner = "stackwright"

// writer sends objects. A new object is a plain typed create, which costs the API server half of a server-side apply; a
// changed one is a server-side apply, which removes fields that we stopped wanting and keeps those of others. An object that
// was created is owned by an Update entry, which an apply does not take fields from: the first change hands it over.
type writer struct {
	client client.Client
	live   client.Reader
}

func (w *writer) create(ctx context.Context, object client.Object) error {
	return w.client.Create(ctx, object, client.FieldOwner(FieldOwner))
}

// change applies the content to the live object, and to no other object of that name. It returns the object as the API server answers.
func (w *writer) change(
	ctx context.Context, gvk schema.GroupVersionKind, live client.Object, content map[string]any,
) (metav1.Object, error) {
	if createdByUs(live) {
		if err := w.handOver(ctx, gvk, live); err != nil {
			return nil, err
		}
	}
	version, err := w.apply(ctx, gvk, live, content)
	if service, ok := live.(*corev1.Service); ok && apierrors.IsInvalid(err) {
		if err := w.replacePorts(ctx, service, content); err != nil {
			return nil, err
		}
		return w.apply(ctx, gvk, live, content)
	}
	return version, err
}

func (w *writer) apply(
	ctx context.Context, gvk schema.GroupVersionKind, live client.Object, content map[string]any,
) (metav1.Object, error) {
	object := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(content)}
	object.SetGroupVersionKind(gvk)
	object.SetUID(live.GetUID())
	err := w.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(FieldOwner), client.ForceOwnership)
	return object, err
}

// replacePorts takes out of a Service the ports that we do not want: one whose number was edited by hand is another port to
// an apply, and keeps the name that ours needs.
func (w *writer) replacePorts(ctx context.Context, service *corev1.Service, content map[string]any) error {
	spec, _ := nested(content, "spec")
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": service.UID}, "spec": map[string]any{"ports": spec["ports"]},
	})
	if err != nil {
		return err
	}
	target := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name}}
	return w.client.Patch(ctx, target, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldOwner))
}

// createdByUs says whether the live object still has the Update entry of its creation (see SlimManagedFields).
func createdByUs(live client.Object) bool {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == FieldOwner && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == "" {
			return true
		}
	}
	return false
}

// handOver turns the ownership of a plain create into that of an apply.
func (w *writer) handOver(ctx context.Context, gvk schema.GroupVersionKind, cached client.Object) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(gvk)
	if err := w.live.Get(ctx, client.ObjectKeyFromObject(cached), live); err != nil {
		return err
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(FieldOwner), FieldOwner)
	if err != nil {
		return fmt.Errorf("ownership of %s %s: %w", gvk.Kind, cached.GetName(), err)
	}
	if len(patch) == 0 {
		return nil
	}
	return w.client.Patch(ctx, live, client.RawPatch(types.JSONPatchType, patch))
}

// remove deletes exactly the object that was seen. What has pods is deleted together with them.
func (w *writer) remove(ctx context.Context, object client.Object, resourceVersion *string) error {
	uid := object.GetUID()
	return client.IgnoreNotFound(w.client.Delete(ctx, object,
		client.Preconditions{UID: &uid, ResourceVersion: resourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground)))
}
