package credentials

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// keyed says of the Secret with the key that it exists.
type keyed struct{ creations }

func (c *keyed) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	if _, secret := object.(*corev1.Secret); secret && object.GetName() == "shop-main-backup-key" {
		return apierrors.NewAlreadyExists(schema.GroupResource{Resource: "secrets"}, object.GetName())
	}
	return c.creations.Create(ctx, object, options...)
}

func vaulted() *part.Service {
	result := *service
	result.Vault = &part.Vault{}
	return &result
}

// TestKeyOfBackupsIsMadeOnce: without an owner, and never again once the anchor knows of it.
func TestKeyOfBackupsIsMadeOnce(t *testing.T) {
	c := &creations{}
	a, err := maker(c).Ensure(t.Context(), vaulted(), &anchor.Anchor{}, nil)
	if err != nil || a.Backup == nil || !a.Backup.Key || a.Backup.Login == nil {
		t.Fatalf("%+v, %v", a.Backup, err)
	}
	made := len(c.objects)
	for _, object := range c.objects {
		secret, ok := object.(*corev1.Secret)
		if ok && secret.Name == "shop-main-backup-key" &&
			(len(secret.OwnerReferences) > 0 || !*secret.Immutable || len(secret.StringData["passphrase"]) != PasswordLength) {
			t.Errorf("%+v", secret)
		}
	}
	if _, made := c.secrets()["shop/shop-main-backup-key"]; !made {
		t.Error("there is no key")
	}
	if _, err := maker(c).Ensure(t.Context(), vaulted(), a, nil); err != nil || len(c.objects) != made {
		t.Errorf("a second pass makes %d objects more (%v)", len(c.objects)-made, err)
	}
}

// TestKeyThatIsThereIsTaken: the user brought it, or an earlier pass made it and did not learn so.
func TestKeyThatIsThereIsTaken(t *testing.T) {
	c := &keyed{}
	m := maker(&c.creations)
	m.Client = c
	a, err := m.Ensure(t.Context(), vaulted(), &anchor.Anchor{}, nil)
	if err != nil || !a.Backup.Key {
		t.Errorf("%+v, %v", a, err)
	}
}
