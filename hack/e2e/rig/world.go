package rig

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

const (
	// ConvergeLimit is how long a plan waits for the operator: much longer than it may take, on a machine that is busy.
	ConvergeLimit = 60 * time.Second
	// calm is how long the operator has to ask nothing to be at rest.
	calm = 400 * time.Millisecond

	kindClass = "StackClass"
)

// World is a pair of namespaces of one plan: the stack's own, and one of another team. Both enforce the restricted profile. In
// manifests OWN and OTHER stand for their names.
type World struct {
	*Lane
	Own, Other string
	// Begun is where the proxy's record stood when the world was made.
	Begun int

	// lent says that the other namespace was named in a manifest.
	lent bool
	// classes were made for this world. They go with it: while there is one, every namespace needs one.
	classes []client.Object
}

// NewWorld makes the namespaces of a plan.
func (l *Lane) NewWorld(ctx context.Context) (*World, error) {
	w := &World{Lane: l, Begun: l.Proxy.Mark()}
	own, err := l.newNamespace(ctx, "own-")
	if err != nil {
		return nil, err
	}
	w.Own, w.Other = own, l.takeSpare(ctx)
	if w.Other == "" {
		w.Other, err = l.newNamespace(ctx, "other-")
	}
	return w, err
}

func (l *Lane) newNamespace(ctx context.Context, prefix string) (string, error) {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: prefix, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	err := l.Client.Create(ctx, object)
	return object.Name, err
}

// takeSpare returns the other team's namespace that a plan did not need, or nothing: what is deleted costs the API server hundreds
// of requests.
func (l *Lane) takeSpare(ctx context.Context) string {
	name := l.spare
	l.spare = ""
	object := &corev1.Namespace{}
	if name == "" || l.Client.Get(ctx, client.ObjectKey{Name: name}, object) != nil || object.DeletionTimestamp != nil {
		return "" // etcd may have been restored from before it was made
	}
	return name
}

// Namespaces are those of the world.
func (w *World) Namespaces() []string { return []string{w.Own, w.Other} }

// Has says whether a namespace is one of the world.
func (w *World) Has(namespace string) bool { return namespace == w.Own || namespace == w.Other }

// Close deletes the namespaces, without waiting. One that was not needed is left for the next world.
func (w *World) Close(ctx context.Context) {
	for _, class := range w.classes {
		_ = w.Client.Delete(ctx, class)
	}
	for _, name := range w.Namespaces() {
		w.Safety.Forget(name)
		if name == w.Other && !w.lent {
			w.spare = name
			continue
		}
		_ = w.Client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
}

// Apply creates the objects of manifests as a user does, or changes them to what the manifests say.
func (w *World) Apply(ctx context.Context, manifests string) error {
	return w.ApplyAs(ctx, w.Client, manifests)
}

// ApplyAs applies with somebody else's client.
func (w *World) ApplyAs(ctx context.Context, c client.Client, manifests string) error {
	objects, err := w.Decode(manifests)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if object.GetKind() == kindClass {
			w.classes = append(w.classes, object)
		}
	}
	return nil
}

// Replace puts names of namespaces where the manifests say OWN and OTHER.
func (w *World) Replace(text string) string {
	w.lent = w.lent || strings.Contains(text, "OTHER")
	return strings.NewReplacer("OWN", w.Own, "OTHER", w.Other).Replace(text)
}

// Decode reads manifests; objects without a namespace are in the own one. A class is in none.
func (w *World) Decode(manifests string) ([]*unstructuredObject, error) {
	var objects []*unstructuredObject
	for document := range strings.SplitSeq(w.Replace(manifests), "\n---\n") {
		object := &unstructuredObject{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return nil, err
		}
		if object.GetNamespace() == "" && object.GetKind() != kindClass {
			object.SetNamespace(w.Own)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// Edit changes an object of the world as a person does, again when somebody else was faster.
func Edit[T client.Object](ctx context.Context, w *World, name string, object T, change func(T)) error {
	for {
		if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: name}, object); err != nil {
			return err
		}
		change(object)
		if err := w.Client.Update(ctx, object); !apierrors.IsConflict(err) {
			return err
		}
	}
}

// Tenant is a client of a person who may edit the kinds of Stackwright in the own namespace, and nothing else.
func (w *World) Tenant(ctx context.Context) (client.Client, error) {
	err := w.Client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Own, Name: TenantUser},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "stackwright-edit"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: TenantUser}},
	})
	if client.IgnoreAlreadyExists(err) != nil {
		return nil, err
	}
	return client.New(w.Plane.Config(TenantUser), client.Options{Scheme: Scheme})
}

// Kinds of the resources of Stackwright that live in a namespace.
var Kinds = []string{"BackendStack", "StackDatabase", "StackCache", "StackQueue", "StackBackup"}

// Resources returns the resources of Stackwright of the world.
func (w *World) Resources(ctx context.Context) ([]client.Object, error) {
	var result []client.Object
	for _, namespace := range w.Namespaces() {
		for _, kind := range Kinds {
			list, err := Scheme.New(v1alpha1.GroupVersion.WithKind(kind + "List"))
			if err != nil {
				return nil, err
			}
			objects := list.(client.ObjectList) //nolint:forcetypeassert // every List is one
			if err := w.Client.List(ctx, objects, client.InNamespace(namespace)); err != nil {
				return nil, err
			}
			_ = meta.EachListItem(objects, func(o runtimeObject) error {
				result = append(result, o.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
				return nil
			})
		}
	}
	return result, nil
}

// Conditions of a resource of Stackwright, and the generation that its status is of.
func Conditions(object client.Object) ([]metav1.Condition, int64) {
	switch o := object.(type) {
	case *v1alpha1.BackendStack:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.StackDatabase:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.StackCache:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.StackQueue:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.StackBackup:
		return o.Status.Conditions, o.Status.ObservedGeneration
	}
	return nil, 0
}

// Converged is O1: every resource was observed in its present generation, and is Ready, or not for one of the reasons that are
// allowed; and the operator has come to rest.
func (w *World) Converged(ctx context.Context, reasons ...string) error {
	err := Eventually(ctx, "the operator converges (O1)", ConvergeLimit, func(ctx context.Context) error {
		if w.Proxy.QuietFor() < calm { // costs the API server nothing, so it is asked first
			return errors.New("the operator is not at rest; its last requests:\n" + Describe(w.Proxy.Since(w.Begun), 5))
		}
		objects, err := w.Resources(ctx)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if err := settled(object, reasons); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w\n%s%s", err, w.pods(ctx), Describe(w.Proxy.Since(w.Begun), 12))
	}
	return nil
}

// JobsEnd waits until no Job of the world runs any more.
func (w *World) JobsEnd(ctx context.Context) error {
	return Eventually(ctx, "the Jobs end", ConvergeLimit, func(ctx context.Context) error {
		for _, namespace := range w.Namespaces() {
			jobs := &batchv1.JobList{}
			if err := w.Client.List(ctx, jobs, client.InNamespace(namespace)); err != nil {
				return err
			}
			for i := range jobs.Items {
				if len(jobs.Items[i].Status.Conditions) == 0 {
					return fmt.Errorf("job %s runs", jobs.Items[i].Name)
				}
			}
		}
		return nil
	})
}

// AtRest waits until the operator has asked nothing for a while, counted from now on at the earliest.
func (w *World) AtRest(ctx context.Context) error {
	begin := time.Now()
	return Eventually(ctx, "the operator comes to rest (O2)", ConvergeLimit, func(context.Context) error {
		if min(time.Since(begin), w.Proxy.QuietFor()) < calm {
			return errors.New("its last requests:\n" + Describe(w.Proxy.Since(w.Begun), 5))
		}
		return nil
	})
}

// containers tells which containers of a pod are not ready, and that it is going.
func containers(pod *corev1.Pod) string {
	var text strings.Builder
	for _, s := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		if !s.Ready {
			fmt.Fprintf(&text, ", %s not ready: %+v", s.Name, s.State)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			text.WriteString(", not Ready")
		}
	}
	if pod.DeletionTimestamp != nil {
		text.WriteString(", going")
	}
	return text.String()
}

// pods tells what became of the pods of the world.
func (w *World) pods(ctx context.Context) string {
	var text strings.Builder
	for _, namespace := range w.Namespaces() {
		pods, claims, deployments := &corev1.PodList{}, &corev1.PersistentVolumeClaimList{}, &appsv1.DeploymentList{}
		_ = w.Client.List(ctx, deployments, client.InNamespace(namespace)) // what cannot be read is left out
		for i := range deployments.Items {
			d := &deployments.Items[i]
			fmt.Fprintf(&text, "deployment %s: generation %d, wants %d, strategy %+v, %+v\n", d.Name, d.Generation, *d.Spec.Replicas,
				d.Spec.Strategy.RollingUpdate, d.Status)
		}
		_ = w.Client.List(ctx, pods, client.InNamespace(namespace)) // what cannot be read is left out
		_ = w.Client.List(ctx, claims, client.InNamespace(namespace))
		for i := range pods.Items {
			p := &pods.Items[i]
			fmt.Fprintf(&text, "pod %s on %q: %s%s\n", p.Name, p.Spec.NodeName, p.Status.Phase, containers(p))
		}
		for i := range claims.Items {
			fmt.Fprintf(&text, "claim %s: %s\n", claims.Items[i].Name, claims.Items[i].Status.Phase)
		}
	}
	return text.String()
}

func settled(object client.Object, reasons []string) error {
	conditions, observed := Conditions(object)
	name := fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())
	if !object.GetDeletionTimestamp().IsZero() {
		return fmt.Errorf("%s is going", name)
	}
	if observed != object.GetGeneration() {
		return fmt.Errorf("%s: generation %d, observed %d", name, object.GetGeneration(), observed)
	}
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return fmt.Errorf("%s: Ready is not of this generation: %+v", name, ready)
	}
	if ready.Status == metav1.ConditionTrue {
		return nil
	}
	for _, reason := range reasons {
		if ready.Reason == reason {
			return nil
		}
	}
	return fmt.Errorf("%s: Ready=%s %s: %s", name, ready.Status, ready.Reason, ready.Message)
}

// Gone waits until an object is not there any more.
func (w *World) Gone(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) error {
	return Eventually(ctx, gvk.Kind+" "+name+" goes (O14)", ConvergeLimit, func(ctx context.Context) error {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(gvk)
		err := w.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
		if err == nil {
			return errors.New("it is there")
		}
		return client.IgnoreNotFound(err)
	})
}
