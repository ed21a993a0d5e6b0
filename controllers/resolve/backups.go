package resolve

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// IndexBackups finds the StackBackups of a namespace by the name of the database that they are of.
const IndexBackups = "database"

// BackupKeys is the key of a StackBackup in IndexBackups.
func BackupKeys(object client.Object) []string {
	return []string{object.(*v1alpha1.StackBackup).Spec.Database.Name} //nolint:forcetypeassert // the index is of this type
}

// backups resolves where the backups of a service are kept, and the one that a new service begins with.
func (r *Resolver) backups(ctx context.Context, plan *ServicePlan) error {
	if target := plan.Class.Spec.BackupTarget; target != nil && plan.Provider.Backup != nil {
		vault, err := r.vault(ctx, plan, target)
		if err != nil {
			return err
		}
		plan.Service.Vault = vault
	}
	if plan.View.Kind == KindDatabase {
		list := &v1alpha1.StackBackupList{}
		of := client.MatchingFields{IndexBackups: plan.Service.Name}
		if err := r.Cache.List(ctx, list, client.InNamespace(plan.Service.Namespace), of); err != nil {
			return err
		}
		plan.Backups = list.Items
	}
	return r.recovery(ctx, plan)
}

// recovery finds the backup that a new service begins with. What a service began with stands in its anchor; one that kept data
// without a backup is not overwritten by one.
func (r *Resolver) recovery(ctx context.Context, plan *ServicePlan) error {
	name := plan.View.Backup
	if name == "" {
		return nil
	}
	if plan.Recorded != nil {
		if recorded := plan.Recorded.Recovery; recorded == nil || recorded.Backup != name {
			return part.Invalid(v1alpha1.ReasonNotEmpty,
				"spec.bootstrap: there is data of an earlier %s of this name, and nothing is restored over it; give this one another name",
				plan.View.Kind)
		}
		if plan.Recorded.Recovery.Done {
			return nil
		}
	}
	if plan.Service.Vault == nil {
		return part.Waiting(v1alpha1.ReasonNoBackupTarget, 0,
			"spec.bootstrap: the class has no place for backups; ask the platform team for spec.backupTarget of the StackClass")
	}
	var err error
	if plan.Recorded == nil {
		plan.Recovery, err = r.backup(ctx, plan, name)
	}
	return err
}

// backup reads what a StackBackup says. Whoever may write its status may choose an archive of the same namespace: the archive says
// itself what it is a copy of.
func (r *Resolver) backup(ctx context.Context, plan *ServicePlan, name string) (*anchor.Recovery, error) {
	const field = "spec.bootstrap.recovery.backupRef"
	object := &v1alpha1.StackBackup{}
	exists, err := r.found(ctx, plan.Service.Namespace, name, object)
	if err != nil {
		return nil, err
	}
	status := object.Status
	switch {
	case !exists:
		return nil, part.Waiting(v1alpha1.ReasonDependencyNotFound, 0, "%s: there is no StackBackup %s in this namespace; name one that is", field, name)
	case !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) || !kit.IsArchive(status.Archive):
		return nil, part.Waiting(v1alpha1.ReasonDependencyNotReady, 0, "%s: StackBackup %s is not complete; name one that is Ready", field, name)
	case string(status.Engine) != plan.View.Engine:
		return nil, part.Invalid(v1alpha1.ReasonForeignArchive,
			"%s: StackBackup %s is a copy of %s, and this is %s; make the database again with that engine", field, name, status.Engine, plan.View.Engine)
	}
	result := &anchor.Recovery{Backup: name, Source: object.Spec.Database.Name, Archive: status.Archive}
	if here := kit.BackupLocation(plan.Service.Vault, plan.Service.Namespace, result.Source); status.Location != "" && status.Location != here {
		return nil, part.Waiting(v1alpha1.ReasonArchiveNotFound, 0,
			"%s: StackBackup %s is kept in %s, and the class of this database looks in %s; name a class in spec.stackClassName whose "+
				"spec.backupTarget is that place, or another backup", field, name, status.Location, here)
	}
	return result, nil
}

// completeBackups fills in what the anchor names.
func (p *ServicePlan) completeBackups(a *anchor.Anchor) {
	if p.Service.Vault != nil && a.Backup != nil && a.Backup.Login != nil {
		login := a.Backup.Login.Credential()
		p.Service.Vault.Login = &login
	}
	p.Service.Recovery = nil
	if r := a.Recovery; r != nil && !r.Done && p.View.Backup == r.Backup && p.Service.Vault != nil {
		p.Service.Recovery = &part.Recovery{Source: r.Source, Archive: r.Archive}
	}
}

// Backup resolves a StackBackup that has yet to be made.
func (r *Resolver) Backup(ctx context.Context, backup *v1alpha1.StackBackup) (*ServicePlan, error) {
	name := backup.Spec.Database.Name
	database := &v1alpha1.StackDatabase{}
	exists, err := r.found(ctx, backup.Namespace, name, database)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, part.Waiting(v1alpha1.ReasonDependencyNotFound, 0,
			"spec.database: there is no StackDatabase %s in this namespace; make it, or delete this backup", name)
	}
	plan, err := r.Service(ctx, database)
	if err != nil {
		return nil, err
	}
	if plan.Service.Vault == nil {
		return nil, noTarget(plan)
	}
	if plan.Recorded != nil {
		plan.Complete(plan.Recorded)
	}
	return plan, waitFor(plan, database.Status.Conditions)
}

func noTarget(plan *ServicePlan) error {
	if plan.Provider.Backup == nil {
		return part.Invalid(v1alpha1.ReasonNoBackupTarget, "spec.database: %s has no backups yet", plan.Service.Engine)
	}
	return part.Waiting(v1alpha1.ReasonNoBackupTarget, 0,
		"the class has no place for backups; ask the platform team for spec.backupTarget of the StackClass")
}

// waitFor says what has to happen before a backup can be made; nil: nothing.
func waitFor(plan *ServicePlan, conditions []metav1.Condition) error {
	wait := func(format string, args ...any) error {
		return part.Waiting(v1alpha1.ReasonDependencyNotReady, 0, "StackDatabase %s %s", plan.Service.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case plan.Service.Suspended:
		return wait("is suspended; unset spec.suspend to back it up")
	case plan.Service.Recovery != nil:
		return wait("is being restored itself")
	case plan.Service.Vault.Login == nil:
		return wait("has no login for backups yet")
	case !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionAvailable):
		return wait("does not answer; look at its conditions")
	}
	return nil
}
