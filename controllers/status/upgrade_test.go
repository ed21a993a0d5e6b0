package status_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/status"
)

// TestUpgradesAreTold: a service that is on its way is not Ready, also in the pass that sees its last step done: that one was built from
// the version before.
func TestUpgradesAreTold(t *testing.T) {
	backup := func(ready metav1.ConditionStatus, reason string) []v1alpha1.StackBackup {
		b := v1alpha1.StackBackup{ObjectMeta: metav1.ObjectMeta{Name: "before"}}
		b.Status.CompletedAt = &metav1.Time{Time: now}
		b.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason}}
		return []v1alpha1.StackBackup{b}
	}
	for _, c := range []struct {
		what, ready, other, words string
		upgrade                   *anchor.Upgrade
		backups                   []v1alpha1.StackBackup
	}{
		{"it is there", "+Ready", "", "", nil, nil},
		{"a backup is made", v1alpha1.ReasonUpgrading, v1alpha1.ConditionReconciling, "before", &anchor.Upgrade{Version: "17.5", Backup: "before"}, nil},
		{
			"the backup is complete", v1alpha1.ReasonUpgrading, v1alpha1.ConditionReconciling, "before",
			&anchor.Upgrade{Version: "17.5", Backup: "before"}, backup(metav1.ConditionTrue, v1alpha1.ReasonCompleted),
		},
		{
			"the backup failed", v1alpha1.ReasonUpgradeHeld, v1alpha1.ConditionStalled, v1alpha1.ReasonTargetFull,
			&anchor.Upgrade{Version: "17.5", Backup: "before"}, backup(metav1.ConditionFalse, v1alpha1.ReasonTargetFull),
		},
		{"copies go", v1alpha1.ReasonUpgrading, v1alpha1.ConditionReconciling, "read copies", &anchor.Upgrade{Version: "17.5", Copies: true}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := topologyPass("topology", observe.Workload{Kind: "Job", Name: "topology", RolledOut: true})
			p.Plan.Upgrade, p.Plan.Backups = c.upgrade, c.backups
			got := status.Service(p, now)
			check(t, got.Conditions, c.ready, true, c.other, c.words)
			if len(got.Consumers) != 1 || got.Consumers[0].Ready != metav1.ConditionTrue {
				t.Errorf("consumers %+v", got.Consumers)
			}
		})
	}
}
