package status

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// TestBackupsAreOverdue: a run that is missed is told, a run that is under way is not, and rest is no delay.
func TestBackupsAreOverdue(t *testing.T) {
	made := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	day := func(day, hour int) time.Time { return time.Date(2026, time.November, day, hour, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		what, schedule string
		last           time.Time
		suspended      bool
		now            time.Time
		want           string
	}{
		{"no schedule", "", day(20, 13), false, day(30, 0), ""},
		{"none was due yet", "0 2 * * *", time.Time{}, false, day(20, 20), ""},
		{"the first is under way", "0 2 * * *", time.Time{}, false, day(21, 7), ""},
		{"the first never came", "0 2 * * *", time.Time{}, false, day(21, 8), v1alpha1.ReasonOverdue},
		{"the last is of today", "0 2 * * *", day(23, 3), false, day(23, 23), v1alpha1.ReasonCompleted},
		{"the next is under way", "0 2 * * *", day(23, 3), false, day(24, 7), v1alpha1.ReasonCompleted},
		{"the next never came", "0 2 * * *", day(23, 3), false, day(24, 8), v1alpha1.ReasonOverdue},
		{"an hour late of one each minute", "* * * * *", day(23, 3), false, day(23, 4), v1alpha1.ReasonCompleted},
		{"more than that", "* * * * *", day(23, 3), false, day(23, 5), v1alpha1.ReasonOverdue},
		{"it rests", "0 2 * * *", day(23, 3), true, day(30, 0), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			database := &v1alpha1.StackDatabase{}
			database.CreationTimestamp = metav1.NewTime(made)
			database.Spec.Suspend = &c.suspended
			if c.schedule != "" {
				database.Spec.Backup = &v1alpha1.DatabaseBackup{Schedule: c.schedule}
			}
			if !c.last.IsZero() {
				database.Status.LastBackup = &v1alpha1.BackupRecord{Name: "last", CompletedAt: &metav1.Time{Time: c.last}}
			}
			Current(database, c.now)
			got := ""
			if condition := meta.FindStatusCondition(database.Status.Conditions, v1alpha1.ConditionBackupsCurrent); condition != nil {
				got = condition.Reason
			}
			if got != c.want {
				t.Errorf("%q, want %q (overdue at %v)", got, c.want, OverdueAt(database))
			}
		})
	}
}
