package controllers

import (
	"context"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/status"
)

// tellOfBackups writes into the status what became of backups and of tries to restore one. What cannot be read is told next time.
func (r *DataServiceReconciler) tellOfBackups(ctx context.Context, owner desired.Owner, after client.Object, pass *status.ServicePass) {
	status.LastBackup(after, pass.Plan.Backups)
	status.Current(after, time.Now())
	tried, err := r.verified(ctx, owner)
	if err != nil && pass.Err == nil {
		pass.Err = err
	}
	status.Verified(after, tried, time.Now())
}

// verified observes the newest try of a restore that has ended, or has something to complain of; nil while there is none.
func (r *DataServiceReconciler) verified(ctx context.Context, owner desired.Owner) (*observe.Workload, error) {
	jobs := &batchv1.JobList{}
	err := r.Client.List(ctx, jobs, client.InNamespace(owner.Object.GetNamespace()),
		client.MatchingFields{apply.IndexOwner: apply.KeyOf(owner)}, client.MatchingLabels{kit.LabelComponent: kit.VerifyRole})
	if err != nil {
		return nil, err
	}
	tries := slices.DeleteFunc(jobs.Items, func(job batchv1.Job) bool {
		controller := metav1.GetControllerOf(&job)
		return controller == nil || controller.Kind != "CronJob"
	})
	slices.SortFunc(tries, func(a, b batchv1.Job) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for i := range tries {
		state, err := r.Observer.Job(ctx, client.ObjectKeyFromObject(&tries[i]))
		if err != nil {
			return nil, err
		}
		if job := &state.Workloads[0]; job.Report != nil && (job.RolledOut || job.Report.Reason != "") || job.Stuck {
			return job, nil
		}
	}
	return nil, nil
}
