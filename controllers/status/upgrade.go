package status

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// upgradeVerdict tells how far a service has come on its way to another version; nil when it is there. Its consumers are served
// meanwhile, by the version before.
func (p *ServicePass) upgradeVerdict() *Verdict {
	u := p.Plan.Upgrade // what this pass was built from; its anchor may be a step further by now
	if p.Output == nil || u == nil || p.Plan.Service.Suspended {
		return nil
	}
	if u.Copies {
		return &Verdict{Reason: v1alpha1.ReasonUpgrading, Message: "the read copies go to version " + u.Version + ", and the primary after them"}
	}
	if failed := failure(p.Plan.Backups, u.Backup); failed != nil {
		return &Verdict{Stalled: true, Reason: v1alpha1.ReasonUpgradeHeld, Message: fmt.Sprintf(
			"version %s waits for StackBackup %s, which failed (%s); mend that and delete the StackBackup: it is made again. %s",
			u.Version, u.Backup, failed.Reason, goWithout(u))}
	}
	return &Verdict{Reason: v1alpha1.ReasonUpgrading, Message: fmt.Sprintf(
		"version %s waits for StackBackup %s. %s", u.Version, u.Backup, goWithout(u))}
}

func goWithout(u *anchor.Upgrade) string {
	return fmt.Sprintf("The annotation %s: %q lets it go without one", v1alpha1.AnnotationUpgradeWithoutBackup, u.Version)
}

// failure is why a backup that has ended is not complete; nil while it may still be.
func failure(backups []v1alpha1.StackBackup, name string) *metav1.Condition {
	i := slices.IndexFunc(backups, func(b v1alpha1.StackBackup) bool { return b.Name == name })
	if i < 0 || !Ended(&backups[i]) {
		return nil
	}
	ready := meta.FindStatusCondition(backups[i].Status.Conditions, v1alpha1.ConditionReady)
	if ready.Status == metav1.ConditionTrue {
		return nil
	}
	return ready
}
