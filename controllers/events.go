package controllers

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/stackwright/stackwright/controllers/desired"
)

// Priorities of the queue: a changed spec goes before the events of children, those go before what is merely listed or
// resynchronised.
const (
	prioritySpec   = 10
	priorityChild  = 0
	priorityResync = handler.LowPriority
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// keysOf returns the resources that an object's event concerns.
type keysOf func(ctx context.Context, object client.Object) []client.ObjectKey

// enqueue is a handler that adds the keys of an object, of its old and its new version, with a priority.
func enqueue(priority int, keys keysOf) handler.EventHandler {
	add := func(ctx context.Context, q queue, priority int, objects ...client.Object) {
		for _, object := range objects {
			for _, key := range keys(ctx, object) {
				push(q, reconcile.Request{NamespacedName: key}, priority)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) {
			if e.IsInInitialList {
				add(ctx, q, priorityResync, e.Object)
				return
			}
			add(ctx, q, priority, e.Object)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if e.ObjectOld.GetResourceVersion() == e.ObjectNew.GetResourceVersion() {
				add(ctx, q, priorityResync, e.ObjectNew)
				return
			}
			add(ctx, q, priority, e.ObjectOld, e.ObjectNew)
		},
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { add(ctx, q, priority, e.Object) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { add(ctx, q, priority, e.Object) },
	}
}

func push(q queue, request reconcile.Request, priority int) {
	if prioritised, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		prioritised.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, request)
		return
	}
	q.Add(request)
}

// itself is the key of the object.
func itself(_ context.Context, object client.Object) []client.ObjectKey {
	return []client.ObjectKey{client.ObjectKeyFromObject(object)}
}

// ownerOf returns the resource of a kind that an object or pod was built for, from its labels.
func ownerOf(kind string) keysOf {
	return func(_ context.Context, object client.Object) []client.ObjectKey {
		labels := object.GetLabels()
		if labels[desired.LabelOwnerKind] != kind {
			return nil
		}
		return []client.ObjectKey{{Namespace: object.GetNamespace(), Name: labels[desired.LabelOwnerName]}}
	}
}

// specChanged lets through what is not merely a status that we wrote ourselves, and forced resynchronisations.
var specChanged = predicate.Or(
	predicate.GenerationChangedPredicate{},
	predicate.LabelChangedPredicate{},
	predicate.AnnotationChangedPredicate{},
	predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		deleting := e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero()
		lost := controllerutil.ContainsFinalizer(e.ObjectOld, finalizer) && !controllerutil.ContainsFinalizer(e.ObjectNew, finalizer)
		return deleting || lost || e.ObjectOld.GetResourceVersion() == e.ObjectNew.GetResourceVersion()
	}},
)
