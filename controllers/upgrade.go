package controllers

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// backupBefore makes the backup that comes before an upgrade, under the name that the anchor has for it. One that somebody deleted is
// made again: that is how a failed one is tried again.
func (r *DataServiceReconciler) backupBefore(ctx context.Context, plan *resolve.ServicePlan) error {
	u := plan.Anchor.Upgrade
	if u == nil || u.Backup == "" || plan.Service.Suspended || recorded(plan.Backups, u.Backup) {
		return nil
	}
	backup := &v1alpha1.StackBackup{
		ObjectMeta: kit.ServiceIdentity(plan.Service, kit.BackupRole).Meta(plan.Service.Namespace, u.Backup),
		Spec:       v1alpha1.StackBackupSpec{Database: v1alpha1.BackedUpDatabase{Name: plan.Service.Name}},
	}
	if err := r.Client.Create(ctx, backup); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("backup %s before the upgrade: %w", u.Backup, err)
	}
	return nil
}

// upgraded notes that a service has answered once, and takes an upgrade a step further: when its backup is complete, and when the
// read copies run it. Copies cannot come up without a primary, which therefore does not wait for them when it is down itself.
func upgraded(pass *status.ServicePass, next *anchor.Anchor) {
	if next.Backup != nil && serves(pass, pass.Plan.Service.Name) {
		next.Backup.Served = true
	}
	switch u := next.Upgrade; {
	case u == nil:
	case u.Copies:
		if !serves(pass, pass.Plan.Service.Name) || pass.Output.Copies == "" || rolledOut(pass, pass.Output.Copies) {
			next.Upgraded()
		}
	case complete(pass.Plan.Backups, u.Backup):
		if pass.Output.Copies == "" {
			next.Upgraded()
		} else {
			u.Backup, u.Copies = "", true
		}
	}
}

func complete(backups []v1alpha1.StackBackup, name string) bool {
	return slices.ContainsFunc(backups, func(b v1alpha1.StackBackup) bool {
		return b.Name == name && meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionReady)
	})
}

// serves says whether a StatefulSet of the service has a pod that answers.
func serves(pass *status.ServicePass, name string) bool {
	return set(pass, name, func(w *observe.Workload) bool { return w.Ready > 0 })
}

func rolledOut(pass *status.ServicePass, name string) bool {
	return set(pass, name, func(w *observe.Workload) bool { return w.RolledOut }) && !slices.Contains(pass.Held, name)
}

func set(pass *status.ServicePass, name string, is func(*observe.Workload) bool) bool {
	return pass.State != nil && slices.ContainsFunc(pass.State.Workloads, func(w observe.Workload) bool {
		return w.Kind == "StatefulSet" && w.Name == name && is(&w)
	})
}
