package controllers

import (
	"context"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// +kubebuilder:rbac:groups=stackwright.dev,resources=stackbackups,verbs=get;list;watch;create
// +kubebuilder:rbac:groups=stackwright.dev,resources=stackbackups/status,verbs=patch
// +kubebuilder:rbac:groups=stackwright.dev,resources=stackbackups/finalizers,verbs=update

// kindBackup is the kind of a backup.
const kindBackup = "StackBackup"

// StackBackupReconciler has each StackBackup made, once, by a Job.
type StackBackupReconciler struct {
	Client   client.Client
	Resolver *resolve.Resolver
	Applier  *apply.Applier
	Observer *observe.Observer
	Recorder events.EventRecorder
}

// Reconcile makes one backup and writes what was observed. One that has ended, well or not, is never begun again.
func (r *StackBackupReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := &v1alpha1.StackBackup{}
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		r.Applier.Forget(apply.OwnerKey(kindBackup, request.Namespace, request.Name))
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind(kindBackup), Object: object}
	if !r.Applier.Guard.Visible(ctx, r.Client, apply.KeyOf(owner)) {
		return ctrl.Result{RequeueAfter: cacheLag}, nil
	}
	if status.Ended(object) || !object.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	pass := r.run(ctx, owner, object)
	if stale(pass.Err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	if pass.Err == nil && len(pass.Generations) > 0 {
		return ctrl.Result{}, nil
	}
	after := object.DeepCopy()
	after.Status = status.Backup(pass, time.Now())
	sent, err := status.Patch(ctx, r.Client, object, after)
	if err != nil {
		return ctrl.Result{}, err
	}
	if sent {
		r.Applier.Guard.Wrote(apply.KeyOf(owner), after, func() client.Object { return &v1alpha1.StackBackup{} }, after.ResourceVersion)
		announce(r.Recorder, after, object.Status.Conditions, after.Status.Conditions)
	}
	return outcome(pass.Err, pass.State)
}

// run is one pass over a backup. A Job that was made is looked at whatever became of the database since.
func (r *StackBackupReconciler) run(ctx context.Context, owner desired.Owner, object *v1alpha1.StackBackup) status.BackupPass {
	pass := status.BackupPass{Object: object}
	if object.Labels[v1alpha1.LabelScheduled] == "true" {
		pass.State, pass.Err = r.Observer.Job(ctx, client.ObjectKeyFromObject(object))
		return pass
	}
	if pass.State, pass.Err = r.Observer.Read(ctx, owner, nil); pass.Err != nil || len(pass.State.Workloads) > 0 {
		return pass
	}
	plan, err := r.Resolver.Backup(ctx, object)
	if err != nil {
		pass.Err = err
		return pass
	}
	output, err := desired.Backup(plan, owner)
	if err != nil {
		pass.Err = err
		return pass
	}
	pass.Generations = map[string]int64{}
	for _, step := range jobLast(output) {
		result, err := r.Applier.Apply(ctx, owner, step)
		maps.Copy(pass.Generations, result.Generations)
		if err != nil {
			pass.Err = err
			return pass
		}
	}
	return pass
}

// jobLast parts the Job from what it mounts. Once the Job is there nothing else is made, so that its pods would wait for ever for
// what is missing.
func jobLast(output part.Output) []part.Output {
	isJob := func(o part.Object) bool { _, is := o.(*batchv1.Job); return is }
	mounted := slices.DeleteFunc(slices.Clone(output.Objects), isJob)
	jobs := slices.DeleteFunc(slices.Clone(output.Objects), func(o part.Object) bool { return !isJob(o) })
	return []part.Output{{Objects: mounted, Retained: output.Retained}, {Objects: jobs}}
}
