package controllers

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/resolve"
)

const (
	// indexBindings finds the pods and Deployments in the cache that use a binding Secret, by its name.
	indexBindings = "bindings"
	// annotationBindings holds the binding Secrets of a pod in the cache, where its spec is dropped.
	annotationBindings = "stackwright.dev/bindings"
)

// bindingsOf is the index of indexBindings.
func bindingsOf(object client.Object) []string {
	switch o := object.(type) {
	case *corev1.Pod:
		return strings.Fields(o.Annotations[annotationBindings])
	case *appsv1.Deployment:
		return bindingsIn(&o.Spec.Template.Spec)
	}
	return nil
}

// bindingsIn are the Secrets that a pod refers to and that are called like a binding, sorted, each once.
func bindingsIn(pod *corev1.PodSpec) []string {
	names := volumeSecrets(pod.Volumes)
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			names = append(names, envSecrets(&containers[i])...)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !anchor.BindingLike(name) })
	slices.Sort(names)
	return slices.Compact(names)
}

func volumeSecrets(volumes []corev1.Volume) []string {
	var names []string
	for i := range volumes {
		if secret := volumes[i].Secret; secret != nil {
			names = append(names, secret.SecretName)
		}
		if projected := volumes[i].Projected; projected != nil {
			for _, source := range projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
	}
	return names
}

func envSecrets(container *corev1.Container) []string {
	var names []string
	for i := range container.Env {
		if from := container.Env[i].ValueFrom; from != nil && from.SecretKeyRef != nil {
			names = append(names, from.SecretKeyRef.Name)
		}
	}
	for _, source := range container.EnvFrom {
		if source.SecretRef != nil {
			names = append(names, source.SecretRef.Name)
		}
	}
	return names
}

// ended says whether no container of a pod runs any more, nor will.
func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// released lets through what may have been the last use of a login that was replaced: a pod that ended, a Deployment that has
// rolled out or that is gone.
var released = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		switch now := e.ObjectNew.(type) {
		case *corev1.Pod:
			old, ok := e.ObjectOld.(*corev1.Pod)
			return ended(now) && ok && !ended(old)
		case *appsv1.Deployment:
			old, ok := e.ObjectOld.(*appsv1.Deployment)
			return observe.RolledOut(now) && ok && (!observe.RolledOut(old) || old.Generation != now.Generation)
		}
		return false
	},
}

// leavingOf returns the data services of a kind of which the stack of a pod or Deployment has an earlier login.
func (r *DataServiceReconciler) leavingOf(ctx context.Context, object client.Object) []client.ObjectKey {
	labels := object.GetLabels()
	if labels[desired.LabelOwnerKind] != "BackendStack" {
		return nil
	}
	stack := &v1alpha1.BackendStack{}
	key := client.ObjectKey{Namespace: object.GetNamespace(), Name: labels[desired.LabelOwnerName]}
	if r.Client.Get(ctx, key, stack) != nil { // a stack that is gone has left the service
		return nil
	}
	return slices.DeleteFunc(servicesOf(r.Kind)(ctx, stack), func(service client.ObjectKey) bool {
		found := resolve.NewDataService(r.Kind)
		return r.Client.Get(ctx, service, found) != nil || !hasEarlier(resolve.ViewOf(found).Status.Consumers, key)
	})
}

func hasEarlier(consumers []v1alpha1.ConsumerStatus, stack client.ObjectKey) bool {
	return slices.ContainsFunc(consumers, func(c v1alpha1.ConsumerStatus) bool {
		return c.Namespace == stack.Namespace && c.Stack == stack.Name && c.Earlier != nil
	})
}
