package apply

import (
	"context"
	"errors"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/part"
)

// Prune removes what the owner controls and no longer wants. It never touches data: claims are not among the kinds, and what
// outlives its owner carries no controller reference. keep spares objects that are wanted but were not built in this pass.
func (a *Applier) Prune(
	ctx context.Context, owner desired.Owner, result *Result, output part.Output, keep func(client.Object) bool,
) error {
	wanted := map[string]bool{}
	for _, object := range output.Objects {
		wanted[a.identify(object)] = true
	}
	owned, err := a.Owned(ctx, owner)
	if err != nil {
		return err
	}
	inUse := configMapsInUse(owned, result)
	var group sync.WaitGroup
	errs := make([]error, len(owned))
	for i, object := range owned {
		spared := wanted[a.identify(object)] || keep(object) || inUse(object) || !object.GetDeletionTimestamp().IsZero()
		if !spared {
			group.Go(func() { errs[i] = a.remove(ctx, owner, object) })
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

// identify names an object by kind, namespace and name.
func (a *Applier) identify(object client.Object) string {
	gvk, err := apiutil.GVKForObject(object, a.Scheme)
	if err != nil { // unreachable: the kinds are in the scheme
		return ""
	}
	return gvk.Kind + "/" + object.GetNamespace() + "/" + object.GetName()
}

// Owned returns the objects in the cache that the owner controls. They are shared: nobody may change them.
func (a *Applier) Owned(ctx context.Context, owner desired.Owner) ([]client.Object, error) {
	var owned []client.Object
	for _, kind := range Kinds() {
		list := kind.NewList()
		err := a.Client.List(ctx, list, client.InNamespace(owner.Object.GetNamespace()), client.MatchingFields{IndexOwner: KeyOf(owner)})
		if err != nil {
			return nil, fmt.Errorf("list %T: %w", list, err)
		}
		err = meta.EachListItem(list, func(item runtime.Object) error {
			object := item.(client.Object) //nolint:forcetypeassert // items of a list of objects are objects
			if controller := metav1.GetControllerOf(object); controller != nil && controller.UID == owner.Object.GetUID() {
				owned = append(owned, object)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return owned, nil
}

// remove deletes one object. A StatefulSet is read live first, and deleted only as it was read.
func (a *Applier) remove(ctx context.Context, owner desired.Owner, object client.Object) error {
	target := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	var version *string
	if _, stateful := object.(*appsv1.StatefulSet); stateful {
		if err := a.Live.Get(ctx, client.ObjectKeyFromObject(object), target); err != nil {
			return client.IgnoreNotFound(err)
		}
		if target.GetUID() != object.GetUID() {
			return nil
		}
		current := target.GetResourceVersion()
		version = &current
	}
	err := a.send(ctx, func() error { return (&writer{a.Client, a.Live}).remove(ctx, target, version) })
	if err != nil {
		return fmt.Errorf("remove %s: %w", a.identify(object), err)
	}
	gvk, _ := apiutil.GVKForObject(object, a.Scheme)
	a.Guard.Removed(KeyOf(owner), object, func() client.Object {
		empty, _ := a.empty(gvk)
		return empty
	})
	a.settled.remove(KeyOf(owner), object.GetUID())
	return nil
}

// configMapsInUse spares the ConfigMaps that workloads mount, and all of them while a workload is rolling out: a pod of the
// old template that starts again still needs the old content.
func configMapsInUse(owned []client.Object, result *Result) func(client.Object) bool {
	used := map[string]bool{}
	rolling := false
	for _, object := range owned {
		template := desired.Template(object)
		if template == nil {
			continue
		}
		for _, name := range mountedConfigMaps(&template.Spec) {
			used[name] = true
		}
		gvk, _ := apiutil.GVKForObject(object, clientgoscheme.Scheme)
		_, written := result.Generations[Key(gvk.Kind, object.GetName())]
		rolling = rolling || written || rollingOut(object)
	}
	return func(object client.Object) bool {
		_, isConfigMap := object.(*corev1.ConfigMap)
		return isConfigMap && (rolling || used[object.GetName()])
	}
}

// mountedConfigMaps lists the ConfigMaps that a pod mounts.
func mountedConfigMaps(pod *corev1.PodSpec) []string {
	var names []string
	for _, volume := range pod.Volumes {
		if volume.ConfigMap != nil {
			names = append(names, volume.ConfigMap.Name)
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.ConfigMap != nil {
				names = append(names, source.ConfigMap.Name)
			}
		}
	}
	return names
}

func rollingOut(object client.Object) bool {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		s := workload.Status
		return s.ObservedGeneration != workload.Generation || s.UpdatedReplicas != s.Replicas
	case *appsv1.StatefulSet:
		s := workload.Status
		return s.ObservedGeneration != workload.Generation || s.CurrentRevision != s.UpdateRevision
	case *batchv1.Job:
		return false
	}
	return false
}
