package apply

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// conflictRetry is how often a name that somebody else holds is looked at again: objects of others are not watched.
const conflictRetry = 30 * time.Second

// Applier sends objects to the API server. It is shared by all controllers.
type Applier struct {
	// Client writes to the API server and reads from the cache.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Scheme knows every kind.
	Scheme *runtime.Scheme
	// Slots bounds the writes in flight of the whole process.
	Slots chan struct{}
	// Guard remembers writes until the cache shows them.
	Guard *Guard

	settled settledStore
}

// Result tells what a pass did.
type Result struct {
	mutex sync.Mutex
	// Held names the workloads whose template is held back.
	Held []string
	// Generations are those of the objects that were written, by kind and name: a view of an earlier generation is older than
	// this pass, and tells nothing about what it wants.
	Generations map[string]int64
}

// Key names an object of the owner's namespace in Generations.
func Key(kind, name string) string { return kind + "/" + name }

func (r *Result) generation(kind, name string, generation int64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Generations[Key(kind, name)] = generation
}

func (r *Result) hold(name string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Held = append(r.Held, name)
}

// item is one desired object on its way.
type item struct {
	object client.Object
	gvk    schema.GroupVersionKind
	// fingerprint is that of the object as it was desired.
	fingerprint string
	content     map[string]any
}

// Apply makes the objects exist as desired: all of them at once, each by at most one write. It returns the errors of all.
func (a *Applier) Apply(ctx context.Context, owner desired.Owner, output part.Output) (*Result, error) {
	result := &Result{Generations: map[string]int64{}}
	minimum := minimums(output.Objects)
	var group sync.WaitGroup
	errs := make([]error, len(output.Objects)+len(output.Retained))
	for i, object := range slices.Concat(output.Objects, output.Retained) {
		group.Go(func() { errs[i] = a.one(ctx, owner, result, object, minimum) })
	}
	group.Wait()
	return result, part.Join(errs)
}

func (a *Applier) one(
	ctx context.Context, owner desired.Owner, result *Result, object client.Object, minimum map[string]int32,
) error {
	gvk, err := apiutil.GVKForObject(object, a.Scheme)
	if err != nil {
		return err
	}
	it := &item{object: object, gvk: gvk}
	if it.fingerprint, err = fingerprintOf(object); err != nil {
		return err
	}
	live, err := a.cached(ctx, gvk, client.ObjectKeyFromObject(object))
	if err != nil {
		return err
	}
	if live != nil && a.isSettled(owner, result, it, live) {
		return nil
	}
	if it.content, err = contentOf(object); err != nil {
		return err
	}
	if live == nil {
		if err := a.mayMakeAgain(ctx, owner, it); err != nil {
			return err
		}
		return a.create(ctx, owner, result, it, minimum)
	}
	return a.update(ctx, owner, result, it, live, minimum)
}

func (it *item) key() string { return Key(it.gvk.Kind, it.object.GetName()) }

// mayMakeAgain says whether an object that was there before may be made once more. Where the owner was deleted, its objects go with
// it, and the cache may show that first: the owner is read live.
func (a *Applier) mayMakeAgain(ctx context.Context, owner desired.Owner, it *item) error {
	if !a.settled.made(KeyOf(owner), it.key()) {
		return nil
	}
	live, err := a.empty(owner.GVK)
	if err != nil {
		return err
	}
	err = a.Live.Get(ctx, client.ObjectKeyFromObject(owner.Object), live)
	if err == nil && live.GetUID() == owner.Object.GetUID() && live.GetDeletionTimestamp().IsZero() {
		return nil
	}
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	return part.Waiting(v1alpha1.ReasonProgressing, time.Second, "%s %s is being deleted", owner.GVK.Kind, owner.Object.GetName())
}

// cached reads an object from the cache; nil when it is not there. The object is shared: nobody may change it.
func (a *Applier) cached(ctx context.Context, gvk schema.GroupVersionKind, key client.ObjectKey) (client.Object, error) {
	object, err := a.empty(gvk)
	if err != nil {
		return nil, err
	}
	if err := a.Client.Get(ctx, key, object); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return object, nil
}

func (a *Applier) empty(gvk schema.GroupVersionKind) (client.Object, error) {
	object, err := a.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	return object.(client.Object), nil //nolint:forcetypeassert // every kind of the scheme that rooms make is an object
}

func (a *Applier) create(
	ctx context.Context, owner desired.Owner, result *Result, it *item, minimum map[string]int32,
) error {
	holdBack(it.content, nil, nil)
	setAnnotations(it.object, it.content)
	startReplicas(it.object, minimum)
	err := a.send(ctx, func() error { return (&writer{a.Client, a.Live}).create(ctx, it.object) })
	if apierrors.IsAlreadyExists(err) {
		return a.adopt(ctx, owner, result, it, minimum)
	}
	if err != nil {
		return explain(it, err)
	}
	a.wrote(owner, result, it, it.object)
	a.settled.store(KeyOf(owner), it.object.GetUID(), settled{it.key(), it.object.GetResourceVersion(), it.fingerprint, false})
	return nil
}

// setAnnotations writes the hash of the content, and the recorded template, to the typed object.
func setAnnotations(object client.Object, content map[string]any) {
	result := map[string]string{}
	for key, value := range object.GetAnnotations() {
		result[key] = value
	}
	if template, ok := annotations(content)[annotationTemplate].(string); ok {
		result[annotationTemplate] = template
	}
	result[annotationHash] = hashOf(content)
	object.SetAnnotations(result)
}

// adopt reads an object that exists although the cache lacks it: it is ours and new, was orphaned, or belongs to somebody else.
func (a *Applier) adopt(
	ctx context.Context, owner desired.Owner, result *Result, it *item, minimum map[string]int32,
) error {
	live, err := a.empty(it.gvk)
	if err != nil {
		return err
	}
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(it.object), live); err != nil {
		return err
	}
	if it.content, err = contentOf(it.object); err != nil {
		return err
	}
	metadata, _ := nested(it.content, "metadata")
	delete(metadata, "resourceVersion")
	if spec, ok := nested(it.content, "spec"); ok && minimum[it.object.GetName()] > 0 {
		delete(spec, "replicas") // the start value of a create; this one has pods already
	}
	if recorded := annotations(it.content); recorded != nil {
		delete(recorded, annotationHash)
		delete(recorded, annotationTemplate)
	}
	SlimManagedFields(live)
	return a.update(ctx, owner, result, it, live, minimum)
}

func (a *Applier) update(
	ctx context.Context, owner desired.Owner, result *Result, it *item, live client.Object, minimum map[string]int32,
) error {
	if err := checkOwner(owner, it, live); err != nil {
		return err
	}
	liveContent, err := contentOf(live)
	if err != nil {
		return err
	}
	held := holdBack(it.content, liveContent, func(name string) bool { return a.configMapExists(ctx, live, name) })
	if held {
		result.hold(it.object.GetName())
	}
	if err := a.change(ctx, owner, result, it, live, liveContent, minimum); err != nil {
		return err
	}
	a.settled.store(KeyOf(owner), live.GetUID(), settled{it.key(), live.GetResourceVersion(), it.fingerprint, held})
	return nil
}

// isSettled says whether this version of the live object is known to be as desired.
func (a *Applier) isSettled(owner desired.Owner, result *Result, it *item, live client.Object) bool {
	known, ok := a.settled.load(KeyOf(owner), live.GetUID())
	if !ok || known.version != live.GetResourceVersion() || known.fingerprint != it.fingerprint || checkOwner(owner, it, live) != nil {
		return false
	}
	if known.held {
		result.hold(it.object.GetName())
	}
	return true
}

func (a *Applier) configMapExists(ctx context.Context, beside client.Object, name string) bool {
	key := client.ObjectKey{Namespace: beside.GetNamespace(), Name: name}
	return a.Client.Get(ctx, key, &corev1.ConfigMap{}) == nil
}

// change sends the content if it differs from the live object. Of Jobs only labels are: other inputs have another name.
func (a *Applier) change(
	ctx context.Context, owner desired.Owner, result *Result, it *item, live client.Object, liveContent map[string]any,
	minimum map[string]int32,
) error {
	hash := hashOf(it.content)
	immutable(it, liveContent)
	recorded := annotations(liveContent)
	if recorded[annotationHash] == hash && Covered(it.content, liveContent) {
		return nil
	}
	if it.gvk.Kind == "Job" && controlled(live) {
		return a.relabel(ctx, owner, result, it, live)
	}
	metadata, _ := nested(it.content, "metadata")
	noted, ok := metadata["annotations"].(map[string]any)
	if !ok {
		noted = map[string]any{}
		metadata["annotations"] = noted
	}
	noted[annotationHash] = hash
	keepReplicas(it, live, minimum)
	var written metav1.Object
	err := a.send(ctx, func() (err error) {
		written, err = (&writer{a.Client, a.Live}).change(ctx, it.gvk, live, it.content)
		return err
	})
	if apierrors.IsInvalid(err) && it.gvk.Kind == "PodDisruptionBudget" {
		// Somebody set the field that excludes ours, and an apply cannot take it away: the budget is made anew.
		return a.remove(ctx, owner, live)
	}
	if err != nil {
		return explain(it, err)
	}
	if written.GetResourceVersion() == live.GetResourceVersion() {
		return nil // the API server writes a value in another way than we do; no event follows that would bring another pass
	}
	a.wrote(owner, result, it, written)
	return nil
}

// relabel gives an object its labels back, without which no watch sees it.
func (a *Applier) relabel(ctx context.Context, owner desired.Owner, result *Result, it *item, live client.Object) error {
	next := live.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	next.SetLabels(kit.With(live.GetLabels(), it.object.GetLabels()))
	if maps.Equal(next.GetLabels(), live.GetLabels()) {
		return nil
	}
	if err := a.send(ctx, func() error { return a.Client.Patch(ctx, next, client.MergeFrom(live)) }); err != nil {
		return explain(it, err)
	}
	a.wrote(owner, result, it, next)
	return nil
}

func controlled(live client.Object) bool { return metav1.GetControllerOf(live) != nil }

func (a *Applier) wrote(owner desired.Owner, result *Result, it *item, written metav1.Object) {
	result.generation(it.gvk.Kind, written.GetName(), written.GetGeneration())
	gvk := it.gvk
	a.Guard.Wrote(KeyOf(owner), it.object, func() client.Object {
		object, _ := a.empty(gvk)
		return object
	}, written.GetResourceVersion())
}

// Forget drops what is remembered of an owner that is gone.
func (a *Applier) Forget(owner string) {
	a.settled.forget(owner)
	a.Guard.forget(owner)
}

// KeyOf is the key of an owner in IndexOwner.
func KeyOf(owner desired.Owner) string {
	return OwnerKey(owner.GVK.Kind, owner.Object.GetNamespace(), owner.Object.GetName())
}

func (a *Applier) send(ctx context.Context, request func() error) error {
	select {
	case a.Slots <- struct{}{}:
		defer func() { <-a.Slots }()
		return request()
	case <-ctx.Done():
		return ctx.Err()
	}
}
