package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// labelsChanged lets through namespaces whose labels changed: classes and grants select by them.
var labelsChanged = predicate.LabelChangedPredicate{}

// listOf returns an empty list of one of our kinds.
func listOf(kind string) client.ObjectList {
	switch kind {
	case resolve.KindDatabase:
		return &v1alpha1.StackDatabaseList{}
	case resolve.KindCache:
		return &v1alpha1.StackCacheList{}
	case resolve.KindQueue:
		return &v1alpha1.StackQueueList{}
	case "StackClass":
		return &v1alpha1.StackClassList{}
	}
	return &v1alpha1.BackendStackList{}
}

// everyOf returns the keys of all resources of a kind, or of those in the namespace that the event is about.
func everyOf(cache client.Reader, kind string) keysOf {
	return func(ctx context.Context, object client.Object) []client.ObjectKey {
		var options []client.ListOption
		if _, isNamespace := object.(*corev1.Namespace); isNamespace {
			options = append(options, client.InNamespace(object.GetName()))
		}
		list := listOf(kind)
		if err := cache.List(ctx, list, options...); err != nil {
			return nil
		}
		var keys []client.ObjectKey
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			keys = append(keys, client.ObjectKeyFromObject(item.(client.Object))) //nolint:forcetypeassert // items are objects
			return nil
		})
		return keys
	}
}

// servicesOf returns the data services of a kind that a stack uses.
func servicesOf(kind string) keysOf {
	return func(_ context.Context, object client.Object) []client.ObjectKey {
		stack, ok := object.(*v1alpha1.BackendStack)
		if !ok {
			return nil
		}
		var keys []client.ObjectKey
		for _, entry := range resolve.Entries(stack) {
			if entry.Kind == kind && entry.Object != "" {
				keys = append(keys, client.ObjectKey{Namespace: entry.Namespace, Name: entry.Object})
			}
		}
		return keys
	}
}

// consumersOf returns the stacks that a data service concerns: the one that made it, and those that refer to it.
func consumersOf(cache client.Reader) keysOf {
	return func(ctx context.Context, object client.Object) []client.ObjectKey {
		view := resolve.ViewOf(object)
		var keys []client.ObjectKey
		if claim := view.Claim(); claim != nil {
			keys = append(keys, client.ObjectKey{Namespace: object.GetNamespace(), Name: claim.Stack})
		}
		stacks := &v1alpha1.BackendStackList{}
		key := resolve.ServiceKey(view.Kind, object.GetNamespace(), object.GetName())
		if err := cache.List(ctx, stacks, client.MatchingFields{resolve.IndexServices: key}); err != nil {
			return keys
		}
		for i := range stacks.Items {
			keys = append(keys, client.ObjectKeyFromObject(&stacks.Items[i]))
		}
		return keys
	}
}

// servicesIn returns the data services of a kind that the stacks of a namespace use: grants may select by its labels.
func servicesIn(cache client.Reader, kind string) keysOf {
	return func(ctx context.Context, namespace client.Object) []client.ObjectKey {
		stacks := &v1alpha1.BackendStackList{}
		if err := cache.List(ctx, stacks, client.InNamespace(namespace.GetName())); err != nil {
			return nil
		}
		var keys []client.ObjectKey
		for i := range stacks.Items {
			keys = append(keys, servicesOf(kind)(ctx, &stacks.Items[i])...)
		}
		return keys
	}
}

// callersOf returns the stacks that components of a stack let in.
func callersOf(_ context.Context, object client.Object) []client.ObjectKey {
	stack, ok := object.(*v1alpha1.BackendStack)
	if !ok {
		return nil
	}
	var keys []client.ObjectKey
	for _, component := range stack.Spec.Components {
		for _, caller := range component.AllowFrom {
			if caller.Stack != "" {
				keys = append(keys, client.ObjectKey{Namespace: caller.Namespace, Name: caller.Stack})
			}
		}
	}
	return keys
}
