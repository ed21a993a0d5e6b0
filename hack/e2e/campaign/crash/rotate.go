package crash

import (
	"context"
	"errors"
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

// rotating are workloads in which logins are replaced, of a stack by itself, of one whose new pods do not get ready for long, and of
// one that shares a database of another namespace; and one in which a certificate is renewed.
func rotating() []Workload {
	leaves := []rig.Leave{rig.RotateLogins}
	return []Workload{
		{Name: "rotate", Given: usesCache, Step: declare("OWN", "shop-main", rotatedAt), Done: rotated, Leaves: leaves},
		{Name: "rotate-stuck", Given: small, Step: stuck, Done: kept, Leaves: leaves},
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

// stuck asks for another login while pods that are made from now on do not get ready.
func stuck(ctx context.Context, w *rig.World) error {
	pods := &corev1.PodList{}
	if err := w.Client.List(ctx, pods, client.InNamespace(w.Own)); err != nil {
		return err
	}
	old := map[string]bool{}
	for i := range pods.Items {
		old[pods.Items[i].Name] = true
	}
	w.Nodes.Decide(func(pod *corev1.Pod) rig.Fate {
		if pod.Namespace == w.Own && pod.Labels["app.kubernetes.io/name"] == "web" && !old[pod.Name] {
			return rig.Starts
		}
		return rig.Serves
	})
	err := declare("OWN", "shop-main", rotatedAt)(ctx, w)
	if err != nil {
		_ = w.Nodes.Relent(ctx) // the error is what counts
	}
	return err
}

// kept waits until the stack was told of its next login, and sees that the one of the pods that serve stays. Then it lets the new
// pods get ready.
func kept(ctx context.Context, w *rig.World) error {
	err := stays(ctx, w)
	if err := errors.Join(err, w.Nodes.Relent(ctx)); err != nil {
		return err
	}
	return rotated(ctx, w)
}

func stays(ctx context.Context, w *rig.World) error {
	for _, wait := range []campaign.Step{moving, resting, moving} {
		if err := wait(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func resting(ctx context.Context, w *rig.World) error {
	if err := w.JobsEnd(ctx); err != nil {
		return err
	}
	return w.AtRest(ctx)
}

// moving waits until the pods of the stack should go from a login to another one.
func moving(ctx context.Context, w *rig.World) error {
	return rig.Eventually(ctx, "both logins work", rig.ConvergeLimit, func(ctx context.Context) error {
		a, err := anchorOf(ctx, w, w.Own, "shop-main")
		if err == nil && (len(a.Consumers) != 1 || !a.Consumers[0].Moving()) {
			err = fmt.Errorf("no pod that serves has gone to the next login, and the one before is not kept (O7): %+v", a.Consumers)
		}
		return err
	})
}

func anchorOf(ctx context.Context, w *rig.World, namespace, database string) (*anchor.Anchor, error) {
	object := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: namespace, Name: anchor.Name("StackDatabase", database)}
	if err := w.Client.Get(ctx, key, object); err != nil {
		return nil, err
	}
	return anchor.Parse(object, "StackDatabase", database)
}

func isRotated(ctx context.Context, w *rig.World, database *v1alpha1.StackDatabase) error {
	a, err := anchorOf(ctx, w, database.Namespace, database.Name)
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
