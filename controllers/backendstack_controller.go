package controllers

import (
	"context"
	"time"

	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// +kubebuilder:rbac:groups=stackwright.dev,resources=backendstacks,verbs=get;list;watch
// +kubebuilder:rbac:groups=stackwright.dev,resources=backendstacks/status,verbs=patch

// BackendStackReconciler makes BackendStacks real.
type BackendStackReconciler struct {
	Client   client.Client
	Resolver *resolve.Resolver
	Applier  *apply.Applier
	Observer *observe.Observer
	Recorder events.EventRecorder
	// Rooms build the parts of a stack.
	Rooms desired.Rooms
}

// Reconcile makes one stack real and writes what was observed.
func (r *BackendStackReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	stack := &v1alpha1.BackendStack{}
	if err := r.Client.Get(ctx, request.NamespacedName, stack); err != nil || !stack.DeletionTimestamp.IsZero() {
		r.Applier.Forget(apply.OwnerKey("BackendStack", request.Namespace, request.Name))
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}
	if !r.Applier.Guard.Visible(ctx, r.Client, apply.KeyOf(owner)) {
		return ctrl.Result{RequeueAfter: cacheLag}, nil
	}
	pass := r.run(ctx, owner, stack)
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	if pass.Err == nil && len(pass.Generations) > 0 { // what was just written cannot have been observed; its events bring the next pass
		return ctrl.Result{}, nil
	}
	after := stack.DeepCopy()
	after.Status = status.Stack(pass, time.Now())
	if err := r.report(ctx, owner, stack, after); err != nil {
		return ctrl.Result{}, err
	}
	return outcome(pass.Err, pass.State)
}

// run is one pass over a stack: resolve, desired, apply, observe.
func (r *BackendStackReconciler) run(ctx context.Context, owner desired.Owner, stack *v1alpha1.BackendStack) status.StackPass {
	plan, err := r.Resolver.Stack(ctx, stack)
	pass := status.StackPass{Plan: plan, Err: err}
	if err == nil {
		pass.Err = r.converge(ctx, owner, &pass)
	}
	if state, err := r.Observer.Read(ctx, owner, pass.Generations); err == nil {
		pass.State = state
	} else if pass.Err == nil {
		pass.Err = err
	}
	if err := r.replaceMissingSecrets(ctx, &pass); err != nil {
		pass.Err = err
	}
	return pass
}

func (r *BackendStackReconciler) converge(ctx context.Context, owner desired.Owner, pass *status.StackPass) error {
	generated := &credentials.Generated{Client: r.Client, Live: r.Applier.Live}
	for i := range pass.Plan.Object.Spec.Secrets {
		if err := generated.Ensure(ctx, pass.Plan.Object, &pass.Plan.Object.Spec.Secrets[i]); err != nil {
			return err
		}
	}
	output, err := desired.Stack(pass.Plan, owner, r.Rooms)
	if err != nil {
		return err
	}
	result, err := r.Applier.Apply(ctx, owner, output)
	pass.Output, pass.Held, pass.Generations = &output, result.Held, result.Generations
	if err != nil {
		return err
	}
	return r.Applier.Prune(ctx, owner, result, output, func(object client.Object) bool {
		return pass.Plan.Held[object.GetLabels()[kit.LabelName]] != nil
	})
}

// report writes the status and tells of a change of Ready by an event.
func (r *BackendStackReconciler) report(ctx context.Context, owner desired.Owner, before, after *v1alpha1.BackendStack) error {
	old := before.Status.DeepCopy()
	sent, err := status.Patch(ctx, r.Client, before, after)
	if err != nil || !sent {
		return err
	}
	r.Applier.Guard.Wrote(apply.KeyOf(owner), after, func() client.Object { return &v1alpha1.BackendStack{} }, after.ResourceVersion)
	announce(r.Recorder, after, old.Conditions, after.Status.Conditions)
	return nil
}
