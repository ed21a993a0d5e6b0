package crash

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// vaulted is a database in a class that keeps backups.
const vaulted = `
apiVersion: stackwright.dev/v1alpha1
kind: StackClass
metadata: {name: vault-OWN}
spec: {profile: Development, backupTarget: {volume: {size: 5Gi}}}
---
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: main}
spec:
  stackClassName: vault-OWN
  engine: PostgreSQL
`

// scheduled is vaulted, backed up and tried out by the clock, at a time that does not come while it is tried.
const scheduled = vaulted + `  backup: {schedule: "0 0 1 1 *", retention: {count: 3}, verify: {schedule: "0 0 2 1 *"}}
`

const firstBackup = `
apiVersion: stackwright.dev/v1alpha1
kind: StackBackup
metadata: {name: first}
spec: {database: {name: main}}
`

const restored = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: next}
spec: {stackClassName: vault-OWN, engine: PostgreSQL, bootstrap: {recovery: {backupRef: {name: first}}}}
`

// clockRun is the name of a run of the schedule, as Kubernetes makes it of the CronJob's and the time.
const clockRun = "main-backup-29400120"

// backing are workloads in which backups are made, recorded and restored.
func backing() []Workload {
	backedUp := func(ctx context.Context, w *rig.World) error {
		if err := w.Apply(ctx, firstBackup); err != nil {
			return err
		}
		return archived("first")(ctx, w)
	}
	return []Workload{
		{Name: "backup", Given: vaulted, Step: apply(firstBackup), Done: archived("first")},
		{Name: "backup-scheduled", Given: vaulted, Step: apply(scheduled)},
		{Name: "backup-by-the-clock", Given: scheduled, Step: clock, Done: archived(clockRun)},
		{Name: "restore", Given: vaulted, Prepare: backedUp, Step: apply(restored)},
	}
}

// archived waits until a backup is complete, and the database names it.
func archived(name string) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		return rig.Eventually(ctx, "backup "+name+" is complete", rig.ConvergeLimit, func(ctx context.Context) error {
			backup, database := &v1alpha1.StackBackup{}, &v1alpha1.StackDatabase{}
			if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: name}, backup); err != nil {
				return err
			}
			if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: "main"}, database); err != nil {
				return err
			}
			last := database.Status.LastBackup
			if !meta.IsStatusConditionTrue(backup.Status.Conditions, v1alpha1.ConditionReady) || last == nil || last.Name != name {
				return fmt.Errorf("%+v, the database names %+v", backup.Status, last)
			}
			return nil
		})
	}
}

// clock makes the Job of a run of the schedule, as the controller of CronJobs does when its time comes.
func clock(ctx context.Context, w *rig.World) error {
	schedule := &batchv1.CronJob{}
	if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: "main-backup"}, schedule); err != nil {
		return err
	}
	return w.Client.Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.Own, Name: clockRun, Labels: schedule.Spec.JobTemplate.Labels, Annotations: schedule.Spec.JobTemplate.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(schedule, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: schedule.Spec.JobTemplate.Spec,
	})
}
