package controllers

import (
	"context"
	"slices"
	"time"

	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// +kubebuilder:rbac:groups=stackwright.dev,resources=stackdatabases;stackcaches;stackqueues,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=stackwright.dev,resources=stackdatabases/status;stackcaches/status;stackqueues/status,verbs=patch

// DataServiceReconciler makes one kind of data service real: StackDatabase, StackCache or StackQueue.
type DataServiceReconciler struct {
	Kind     string
	Client   client.Client
	Live     client.Reader
	Resolver *resolve.Resolver
	Applier  *apply.Applier
	Observer *observe.Observer
	Recorder events.EventRecorder
}

// Reconcile makes one data service real and writes what was observed.
func (r *DataServiceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := resolve.NewDataService(r.Kind)
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		r.Applier.Forget(apply.OwnerKey(r.Kind, request.Namespace, request.Name))
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind(r.Kind), Object: object}
	if !r.Applier.Guard.Visible(ctx, r.Client, apply.KeyOf(owner)) {
		return ctrl.Result{RequeueAfter: cacheLag}, nil
	}
	if done, result, err := r.finalize(ctx, owner); done || err != nil {
		return result, err
	}
	pass := r.run(ctx, owner)
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	if pass.Err == nil && len(pass.Generations) > 0 { // what was just written cannot have been observed; its events bring the next pass
		return ctrl.Result{}, r.disown(ctx, owner, object, &pass)
	}
	after := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	*resolve.ViewOf(after).Status = status.Service(pass, time.Now())
	r.tellOfBackups(ctx, owner, after, &pass)
	if err := r.report(ctx, owner, object, after); err != nil {
		return ctrl.Result{}, err
	}
	if pass.Err == nil {
		pass.Err = pass.Plan.Failed
	}
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	result, err := outcome(pass.Err, pass.State)
	return wake(result, &pass, after, time.Now()), err
}

// disown takes the bindings of stacks that left out of the status at once: a stack of the same name that is made now must not be
// called ready on a login that is about to go.
func (r *DataServiceReconciler) disown(ctx context.Context, owner desired.Owner, object client.Object, pass *status.ServicePass) error {
	after := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	next := resolve.ViewOf(after).Status
	before := len(next.Consumers)
	next.Consumers = slices.DeleteFunc(next.Consumers, func(c v1alpha1.ConsumerStatus) bool {
		recorded := pass.Plan.Anchor.Find(c.Namespace, c.Stack, c.Entry)
		return c.Binding != nil && (recorded == nil || recorded.Departed)
	})
	if len(next.Consumers) == before {
		return nil
	}
	return r.report(ctx, owner, object, after)
}

// report writes the status and tells of a change of Ready by an event.
func (r *DataServiceReconciler) report(ctx context.Context, owner desired.Owner, before, after client.Object) error {
	old := *resolve.ViewOf(before).Status.DeepCopy()
	sent, err := status.Patch(ctx, r.Client, before, after)
	if err != nil || !sent {
		return err
	}
	r.Applier.Guard.Wrote(apply.KeyOf(owner), after, func() client.Object { return resolve.NewDataService(r.Kind) }, after.GetResourceVersion())
	announce(r.Recorder, after, old.Conditions, resolve.ViewOf(after).Status.Conditions)
	return nil
}

// anchorOf returns the request for the service that an anchor or credential set belongs to, if it is of this kind.
func (r *DataServiceReconciler) anchorOf(object client.Object) []client.ObjectKey {
	labels := object.GetLabels()
	if labels[anchor.LabelKind] == r.Kind {
		return []client.ObjectKey{{Namespace: object.GetNamespace(), Name: labels["app.kubernetes.io/instance"]}}
	}
	return serviceOf(object.GetAnnotations()[anchor.AnnotationService], r.Kind)
}
