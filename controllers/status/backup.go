package status

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
)

// BackupPass is what one pass over a StackBackup learned.
type BackupPass struct {
	Object *v1alpha1.StackBackup
	// State is what was observed; nil when it could not be read.
	State *observe.State
	// Generations are those of the objects that this pass wrote.
	Generations map[string]int64
	// Err ended the pass.
	Err error
}

// Ended says whether a backup is complete, or failed.
func Ended(backup *v1alpha1.StackBackup) bool {
	ready := meta.FindStatusCondition(backup.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && (ready.Status == metav1.ConditionTrue || backup.Status.CompletedAt != nil)
}

// Backup derives the status of a StackBackup.
func Backup(pass BackupPass, now time.Time) v1alpha1.StackBackupStatus {
	next := *pass.Object.Status.DeepCopy()
	next.ObservedGeneration = pass.Object.Generation
	verdict := pass.verdict()
	if verdict.Ready || pass.job() != nil && pass.job().Stuck {
		next.CompletedAt = &metav1.Time{Time: now.Truncate(time.Second)}
	}
	if job := pass.job(); verdict.Ready && job.Report != nil {
		report := job.Report
		next.Archive, next.Version, next.Bytes, next.Rows, next.SHA256 = report.Archive, report.Version, &report.Bytes, &report.Rows, report.SHA256
		next.Engine, next.Location, next.Endpoint = v1alpha1.DatabaseEngine(report.Engine), report.Location, report.Endpoint
	}
	c := conditions{list: next.Conditions, generation: next.ObservedGeneration, now: now}
	c.root(verdict)
	next.Conditions = c.list
	return next
}

// job is the Job of the backup; nil while there is none.
func (p *BackupPass) job() *observe.Workload {
	if p.State == nil || len(p.State.Workloads) == 0 {
		return nil
	}
	return &p.State.Workloads[0]
}

func (p *BackupPass) verdict() Verdict {
	job := p.job()
	switch {
	case p.Err != nil:
		return ofError(p.Err)
	case job == nil:
		return notReady(v1alpha1.ReasonProgressing, "its job is being made")
	case job.RolledOut && (job.Report == nil || job.Report.Archive == ""):
		return notReady(v1alpha1.ReasonProgressing, fmt.Sprintf(
			"job %s succeeded, and its pod has yet to tell the name of the archive; if the pod is gone, make another StackBackup", job.Name))
	case job.RolledOut:
		return Verdict{Ready: true, Reason: v1alpha1.ReasonCompleted, Message: "the backup is stored and was read back"}
	}
	verdict := ofWorkload("job "+job.Name, *job)
	if job.Stuck {
		verdict.Message += "; then make another StackBackup. Earlier backups are untouched"
	}
	return verdict
}

// LastBackup tells a database of its newest complete backup.
func LastBackup(object client.Object, backups []v1alpha1.StackBackup) {
	database, ok := object.(*v1alpha1.StackDatabase)
	if !ok {
		return
	}
	database.Status.LastBackup = nil
	for i := range backups {
		b := &backups[i]
		if !meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionReady) || b.Status.CompletedAt == nil {
			continue
		}
		if last := database.Status.LastBackup; last == nil || last.CompletedAt.Before(b.Status.CompletedAt) {
			database.Status.LastBackup = &v1alpha1.BackupRecord{Name: b.Name, CompletedAt: b.Status.CompletedAt}
		}
	}
}

// OverdueAt is when a database has waited too long for a backup: after the newest one, or else after it was made, a backup was due,
// and six hours have passed, or the time to the next one where that is less, but an hour at least. The zero time: never.
func OverdueAt(database *v1alpha1.StackDatabase) time.Time {
	b := database.Spec.Backup
	if b == nil || database.Spec.Suspend != nil && *database.Spec.Suspend {
		return time.Time{}
	}
	s, ok := parseSchedule(b.Schedule, b.TimeZone)
	if !ok {
		return time.Time{}
	}
	from := database.CreationTimestamp.Time
	if last := database.Status.LastBackup; last != nil {
		from = last.CompletedAt.Time
	}
	due := s.Next(from)
	if due.IsZero() {
		return due
	}
	return due.Add(max(time.Hour, min(6*time.Hour, s.Next(due).Sub(due))))
}

// Current tells a database whether its newest backup is as young as its schedule asks. It follows LastBackup.
func Current(object client.Object, now time.Time) {
	database, ok := object.(*v1alpha1.StackDatabase)
	if !ok {
		return
	}
	status := &database.Status
	at := OverdueAt(database)
	if at.IsZero() || status.LastBackup == nil && now.Before(at) {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionBackupsCurrent)
		return
	}
	verdict := Verdict{Ready: true, Reason: v1alpha1.ReasonCompleted, Message: "the newest backup is as young as spec.backup.schedule asks"}
	if !now.Before(at) {
		verdict = notReady(v1alpha1.ReasonOverdue,
			"no backup was completed since one was due by spec.backup.schedule; kubectl get stackbackups tells of those that failed")
	}
	c := conditions{list: status.Conditions, generation: database.Generation, now: now}
	c.verdict(v1alpha1.ConditionBackupsCurrent, verdict)
	status.Conditions = c.list
}

// Verified tells a database what became of the newest try of a restore; nil says nothing new. Without tries the condition goes.
func Verified(object client.Object, job *observe.Workload, now time.Time) {
	database, ok := object.(*v1alpha1.StackDatabase)
	if !ok {
		return
	}
	status := &database.Status
	if b := database.Spec.Backup; b == nil || b.Verify == nil {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionBackupsVerified)
		return
	}
	if job == nil {
		return
	}
	c := conditions{list: status.Conditions, generation: database.Generation, now: now}
	verdict := ofWorkload("job "+job.Name, *job)
	if job.RolledOut {
		verdict = Verdict{Ready: true, Reason: v1alpha1.ReasonVerified, Message: "the newest archive was restored for a try, with all its rows"}
		if last := status.LastVerifiedRestore; last == nil || last.Archive != job.Report.Archive {
			status.LastVerifiedRestore = &v1alpha1.VerifiedRestore{Archive: job.Report.Archive, CompletedAt: &metav1.Time{Time: now.Truncate(time.Second)}}
		}
	}
	c.verdict(v1alpha1.ConditionBackupsVerified, verdict)
	status.Conditions = c.list
}
