package controllers

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/resolve"
)

func (r *StackBackupReconciler) setup(manager ctrl.Manager, options Options) error {
	cache := manager.GetClient()
	return ctrl.NewControllerManagedBy(manager).Named(kindBackup).
		WithOptions(controller.Options{MaxConcurrentReconciles: options.Concurrency}).
		Watches(&v1alpha1.StackBackup{}, enqueue(prioritySpec, itself), builder.WithPredicates(specChanged)).
		Watches(&v1alpha1.StackDatabase{}, enqueue(priorityChild, backupsOf(cache))).
		Watches(&batchv1.Job{}, enqueue(priorityChild, backupOfRun)).
		Watches(&corev1.Pod{}, enqueue(priorityChild, backupOfRun)).
		Complete(r)
}

// backupOfRun returns the backup that a Job or its pod makes: its owner, or where the schedule made the Job, the one of its name.
func backupOfRun(ctx context.Context, object client.Object) []client.ObjectKey {
	labels := object.GetLabels()
	if labels[desired.LabelOwnerKind] != resolve.KindDatabase || labels[kit.LabelComponent] != kit.BackupRole {
		return ownerOf(kindBackup)(ctx, object)
	}
	name := object.GetName()
	if _, isPod := object.(*corev1.Pod); isPod {
		name = labels[batchv1.JobNameLabel]
	}
	return []client.ObjectKey{{Namespace: object.GetNamespace(), Name: name}}
}

// record makes a StackBackup for each run of the schedule, under the name of its Job: what became of it is told there.
func (r *DataServiceReconciler) record(ctx context.Context, plan *resolve.ServicePlan) error {
	if r.Kind != resolve.KindDatabase || plan.Service == nil {
		return nil
	}
	jobs := &batchv1.JobList{}
	key := apply.OwnerKey(r.Kind, plan.Service.Namespace, plan.Service.Name)
	if err := r.Client.List(ctx, jobs, client.InNamespace(plan.Service.Namespace), client.MatchingFields{apply.IndexOwner: key}); err != nil {
		return err
	}
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if controller := metav1.GetControllerOf(job); controller == nil || controller.Kind != "CronJob" || recorded(plan.Backups, job.Name) {
			continue
		}
		identity := kit.ServiceIdentity(plan.Service, kit.BackupRole)
		backup := &v1alpha1.StackBackup{
			ObjectMeta: identity.Meta(job.Namespace, job.Name),
			Spec:       v1alpha1.StackBackupSpec{Database: v1alpha1.BackedUpDatabase{Name: plan.Service.Name}},
		}
		backup.Labels[v1alpha1.LabelScheduled] = "true"
		if err := r.Client.Create(ctx, backup); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("record of backup %s: %w", job.Name, err)
		}
	}
	return nil
}

// mountedByRuns spares the ConfigMaps of runs of the schedule that have yet to end: a pod that cannot mount its scripts would wait
// for ever, and the schedule with it.
func (r *DataServiceReconciler) mountedByRuns(ctx context.Context, owner desired.Owner) (func(client.Object) bool, error) {
	jobs := &batchv1.JobList{}
	err := r.Client.List(ctx, jobs, client.InNamespace(owner.Object.GetNamespace()), client.MatchingFields{apply.IndexOwner: apply.KeyOf(owner)})
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for i := range jobs.Items {
		if jobs.Items[i].Status.CompletionTime != nil || jobs.Items[i].Labels[kit.LabelComponent] != kit.BackupRole {
			continue
		}
		for _, volume := range jobs.Items[i].Spec.Template.Spec.Volumes {
			if volume.ConfigMap != nil {
				used[volume.ConfigMap.Name] = true
			}
		}
	}
	return func(object client.Object) bool {
		_, isConfigMap := object.(*corev1.ConfigMap)
		return isConfigMap && used[object.GetName()]
	}, nil
}

func recorded(backups []v1alpha1.StackBackup, name string) bool {
	return slices.ContainsFunc(backups, func(b v1alpha1.StackBackup) bool { return b.Name == name })
}

// backupsOf returns the backups of a database.
func backupsOf(cache client.Reader) keysOf {
	return func(ctx context.Context, database client.Object) []client.ObjectKey {
		list := &v1alpha1.StackBackupList{}
		err := cache.List(ctx, list, client.InNamespace(database.GetNamespace()), client.MatchingFields{resolve.IndexBackups: database.GetName()})
		if err != nil {
			return nil
		}
		var keys []client.ObjectKey
		for i := range list.Items {
			keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
		}
		return keys
	}
}

// databasesOf returns the databases that a backup concerns: the one that it is of, and those that begin with it.
func databasesOf(cache client.Reader) keysOf {
	return func(ctx context.Context, object client.Object) []client.ObjectKey {
		backup, ok := object.(*v1alpha1.StackBackup)
		if !ok {
			return nil
		}
		keys := []client.ObjectKey{{Namespace: backup.Namespace, Name: backup.Spec.Database.Name}}
		list := &v1alpha1.StackDatabaseList{}
		if err := cache.List(ctx, list, client.MatchingFields{resolve.IndexRecoveries: client.ObjectKeyFromObject(backup).String()}); err != nil {
			return keys
		}
		for i := range list.Items {
			keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
		}
		return keys
	}
}

// recovered notes in the anchor that the backup which a service begins with is in place: from then on nothing is restored.
func (r *DataServiceReconciler) recovered(ctx context.Context, owner desired.Owner, plan *resolve.ServicePlan) error {
	if plan.Anchor.Recovery == nil || plan.Anchor.Recovery.Done || plan.Recorded == nil {
		return nil
	}
	owned, err := r.Applier.Owned(ctx, owner)
	if err != nil {
		return err
	}
	for _, object := range owned {
		if job, ok := object.(*batchv1.Job); ok && job.Labels[kit.LabelComponent] == kit.RestoreRole && completed(job) {
			plan.Anchor.Recovery.Done = true
		}
	}
	return nil
}

func completed(job *batchv1.Job) bool {
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}
