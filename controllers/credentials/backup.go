package credentials

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// ensureBackup makes the login that backups are made with, and the key of their archives.
func (m *Maker) ensureBackup(ctx context.Context, service *part.Service, a *anchor.Anchor) error {
	if service.Vault == nil {
		return nil
	}
	if a.Backup == nil {
		a.Backup = &anchor.Backup{}
	}
	if a.Backup.Login == nil {
		set := m.newSet(service.Namespace, kit.Child(service.Name, "backup"), 0, "")
		if err := m.create(ctx, service, "backup", &set, corev1.SecretTypeOpaque, map[string]string{"password": Password()}); err != nil {
			return err
		}
		a.Backup.Login = &set
	}
	if a.Backup.Key {
		return nil
	}
	a.Backup.Key = true
	return m.createKey(ctx, service)
}

// createKey makes the Secret with the key. It has no owner: an archive is worth nothing without it. One that is there is used: the
// user brought it along, or an earlier database of this name left it.
func (m *Maker) createKey(ctx context.Context, service *part.Service) error {
	secret := &corev1.Secret{
		ObjectMeta: kit.ServiceIdentity(service, "backup-key").Meta(service.Namespace, kit.BackupKey(service.Name)),
		Type:       corev1.SecretTypeOpaque, Immutable: kit.Ptr(true), StringData: map[string]string{"passphrase": Password()},
	}
	if err := m.Client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("secret %s: %w", secret.Name, err)
	}
	return nil
}
