package controllers

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/stackwright/stackwright/api/v1alpha1"
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
		Watches(&batchv1.Job{}, enqueue(priorityChild, ownerOf(kindBackup))).
		Watches(&corev1.Pod{}, enqueue(priorityChild, ownerOf(kindBackup))).
		Complete(r)
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
		if err := cache.List(ctx, list, client.InNamespace(backup.Namespace)); err != nil {
			return keys
		}
		for i := range list.Items {
			if b := list.Items[i].Spec.Bootstrap; b != nil && b.Recovery.BackupRef.Name == backup.Name {
				keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
			}
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
