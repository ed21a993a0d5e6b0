package resolve

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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

// IndexRecoveries finds the StackDatabases that begin with a StackBackup, by its namespace and name.
const IndexRecoveries = "recovery"

// RecoveryKeys is the key of a StackDatabase in IndexRecoveries.
func RecoveryKeys(object client.Object) []string {
	database := object.(*v1alpha1.StackDatabase) //nolint:forcetypeassert // the index is of this type
	if database.Spec.Bootstrap == nil {
		return nil
	}
	return []string{recoveryOf(database).String()}
}

func recoveryOf(database *v1alpha1.StackDatabase) types.NamespacedName {
	ref := database.Spec.Bootstrap.Recovery.BackupRef
	return types.NamespacedName{Namespace: cmp.Or(ref.Namespace, database.Namespace), Name: ref.Name}
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
	asked := plan.View.Backup
	if asked.Name == "" {
		return nil
	}
	if plan.Recorded != nil {
		if recorded := plan.Recorded.Recovery; recorded == nil || !plan.isRecovery(recorded) {
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
	if plan.Recorded != nil { // tenants can write anchors: what is of another namespace is granted for as long as it is read
		if asked.Namespace != plan.Service.Namespace {
			_, err := r.restorable(ctx, plan, asked)
			return err
		}
		return nil
	}
	var err error
	plan.Recovery, err = r.backup(ctx, plan, asked)
	return err
}

// fieldBackup of a database names the backup which it begins with.
const fieldBackup = "spec.bootstrap.recovery.backupRef"

// restorable reads a StackBackup that a database may begin with, as far as its owner is asked.
func (r *Resolver) restorable(ctx context.Context, plan *ServicePlan, asked types.NamespacedName) (*v1alpha1.StackBackup, error) {
	object := &v1alpha1.StackBackup{}
	exists, err := r.found(ctx, asked.Namespace, asked.Name, object)
	switch {
	case err != nil:
		return nil, err
	case asked.Namespace != plan.Service.Namespace:
		return object, r.mayRestore(ctx, plan, asked, object, exists)
	case !exists:
		return nil, part.Waiting(v1alpha1.ReasonDependencyNotFound, 0,
			"%s: there is no StackBackup %s in this namespace; name one that is", fieldBackup, asked.Name)
	}
	return object, nil
}

// backup reads what a StackBackup says. Whoever may write its status may choose an archive of the same namespace: the archive says
// itself what it is a copy of.
func (r *Resolver) backup(ctx context.Context, plan *ServicePlan, asked types.NamespacedName) (*anchor.Recovery, error) {
	object, err := r.restorable(ctx, plan, asked)
	if err != nil {
		return nil, err
	}
	name, status := asked.Name, object.Status
	switch {
	case !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) || !kit.IsArchive(status.Archive):
		return nil, part.Waiting(v1alpha1.ReasonDependencyNotReady, 0, "%s: StackBackup %s is not complete; name one that is Ready", fieldBackup, name)
	case string(status.Engine) != plan.View.Engine:
		return nil, part.Invalid(v1alpha1.ReasonForeignArchive,
			"%s: StackBackup %s is a copy of %s, and this is %s; make the database again with that engine", fieldBackup, name, status.Engine, plan.View.Engine)
	}
	result := &anchor.Recovery{Backup: name, Source: object.Spec.Database.Name, Archive: status.Archive}
	if asked.Namespace != plan.Service.Namespace {
		result.Namespace = asked.Namespace
	}
	if here := kit.BackupLocation(plan.Service.Vault, asked.Namespace, result.Source); status.Location != "" && status.Location != here {
		return nil, part.Waiting(v1alpha1.ReasonArchiveNotFound, 0,
			"%s: StackBackup %s is kept in %s, and the class of this database looks in %s; name a class in spec.stackClassName whose "+
				"spec.backupTarget is that place, or another backup", fieldBackup, name, status.Location, here)
	}
	return result, nil
}

// mayRestore says why a backup of another namespace cannot be restored here. Whether there is one is not told to who may not use it.
func (r *Resolver) mayRestore(ctx context.Context, plan *ServicePlan, asked types.NamespacedName, object *v1alpha1.StackBackup, exists bool) error {
	if plan.Service.Vault.Bucket == nil {
		return part.Waiting(v1alpha1.ReasonArchiveNotFound, 0,
			fieldBackup+".namespace: the class of this database keeps backups in volumes, which are of one namespace each; "+
				"only a backup in a bucket can be restored in another one")
	}
	granted := false
	if grant := object.Spec.AllowedNamespaces; exists && grant != nil {
		var err error
		if granted, err = r.grantMatches(ctx, asked.Namespace, plan.Service.Namespace, *grant); err != nil {
			return err
		}
	}
	if granted {
		return nil
	}
	return part.Waiting(v1alpha1.ReasonNotGranted, 0,
		fieldBackup+": namespace %s has no StackBackup %s that this namespace may use; its owner grants that in "+
			"spec.allowedNamespaces of the StackBackup", asked.Namespace, asked.Name)
}

// isRecovery says whether what the anchor records is what the spec asks for.
func (p *ServicePlan) isRecovery(recorded *anchor.Recovery) bool {
	return p.View.Backup == types.NamespacedName{Namespace: cmp.Or(recorded.Namespace, p.View.Object.GetNamespace()), Name: recorded.Backup}
}

// completeBackups fills in what the anchor names.
func (p *ServicePlan) completeBackups(a *anchor.Anchor) {
	if p.Service.Vault != nil && a.Backup != nil && a.Backup.Login != nil {
		login := a.Backup.Login.Credential()
		p.Service.Vault.Login = &login
	}
	p.Service.Recovery = nil
	if r := a.Recovery; r != nil && !r.Done && p.isRecovery(r) && p.Service.Vault != nil {
		p.Service.Recovery = &part.Recovery{Namespace: r.Namespace, Source: r.Source, Archive: r.Archive}
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
