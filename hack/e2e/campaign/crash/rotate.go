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

// rotating are workloads in which logins are replaced: of a stack by itself, and of one that shares a database of another
// namespace.
func rotating() []Workload {
	leaves := []rig.Leave{rig.RotateLogins}
	return []Workload{
		{Name: "rotate", Given: usesCache, Step: rotate("OWN", "shop-main"), Done: rotated, Leaves: leaves},
		{Name: "rotate-shared", Given: shares, Step: rotate("OTHER", "orders"), Done: rotated, Leaves: leaves},
	}
}

// rotate asks for other logins of a database. Times have whole seconds, so that it asks for those of the next one.
func rotate(namespace, name string) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		database := &v1alpha1.StackDatabase{}
		if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Replace(namespace), Name: name}, database); err != nil {
			return err
		}
		before := database.DeepCopy()
		at := metav1.NewTime(time.Now().Add(time.Second))
		database.Spec.Credentials = &v1alpha1.Credentials{RotatedAt: &at}
		return w.Client.Patch(ctx, database, client.MergeFrom(before))
	}
}

// rotated waits until no login is left that was made before the time that was asked for.
func rotated(ctx context.Context, w *rig.World) error {
	return rig.Eventually(ctx, "the logins are others", rig.ConvergeLimit, func(ctx context.Context) error {
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
	schedule := anchor.ScheduleOf(database.Spec.Credentials)
	for i := range a.Consumers {
		if c := &a.Consumers[i]; c.Previous != nil || !schedule.Next(&c.Set).IsZero() {
			return fmt.Errorf("%s: %+v", database.Name, c)
		}
	}
	return nil
}
