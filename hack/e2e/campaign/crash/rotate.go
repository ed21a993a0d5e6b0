package crash

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// rotating are workloads in which logins are replaced, of a stack by itself and of one that shares a database of another namespace,
// and one in which a certificate is renewed.
func rotating() []Workload {
	leaves := []rig.Leave{rig.RotateLogins}
	return []Workload{
		{Name: "rotate", Given: usesCache, Step: declare("OWN", "shop-main", rotatedAt), Done: rotated, Leaves: leaves},
		{Name: "rotate-shared", Given: shares, Step: declare("OTHER", "orders", rotatedAt), Done: rotated, Leaves: leaves},
		{Name: "renew", Given: shares, Step: declare("OTHER", "orders", renewedAt), Done: rotated, Leaves: leaves},
	}
}

func rotatedAt(at metav1.Time) *v1alpha1.Credentials { return &v1alpha1.Credentials{RotatedAt: &at} }

func renewedAt(at metav1.Time) *v1alpha1.Credentials { return &v1alpha1.Credentials{RenewedAt: &at} }

// declare asks for other credentials of a database. Times have whole seconds, so that it asks for those of the next one.
func declare(namespace, name string, credentials func(metav1.Time) *v1alpha1.Credentials) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		database := &v1alpha1.StackDatabase{}
		if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Replace(namespace), Name: name}, database); err != nil {
			return err
		}
		before := database.DeepCopy()
		database.Spec.Credentials = credentials(metav1.NewTime(time.Now().Add(time.Second)))
		return w.Client.Patch(ctx, database, client.MergeFrom(before))
	}
}

// rotated waits until no login and no certificate is left that was made before the time that was asked for.
func rotated(ctx context.Context, w *rig.World) error {
	return rig.Eventually(ctx, "the credentials are others", rig.ConvergeLimit, func(ctx context.Context) error {
		for _, namespace := range w.Namespaces() {
			databases := &v1alpha1.StackDatabaseList{}
			if err := w.Client.List(ctx, databases, client.InNamespace(namespace)); err != nil {
				return err
			}
			for i := range databases.Items {
				if err := isRotated(ctx, w, &databases.Items[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func isRotated(ctx context.Context, w *rig.World, database *v1alpha1.StackDatabase) error {
	object := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: database.Namespace, Name: anchor.Name("StackDatabase", database.Name)}
	if err := w.Client.Get(ctx, key, object); err != nil {
		return err
	}
	a, err := anchor.Parse(object, "StackDatabase", database.Name)
	if err != nil {
		return err
	}
	declared := database.Spec.Credentials
	if a.Renewal != "" || declared != nil && declared.RenewedAt != nil && a.Certificate.MadeAt().Before(declared.RenewedAt.Time) {
		return fmt.Errorf("%s: %s, %+v", database.Name, a.Renewal, a.Certificate)
	}
	schedule := anchor.ScheduleOf(declared)
	for i := range a.Consumers {
		if c := &a.Consumers[i]; c.Previous != nil || !schedule.Next(&c.Set).IsZero() {
			return fmt.Errorf("%s: %+v", database.Name, c)
		}
	}
	return nil
}
