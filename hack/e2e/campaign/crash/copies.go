package crash

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// copying are workloads in which a cache gets copies, other numbers of them, and gives them up. Each way has steps that must not be
// skipped: the primary has to be a member that stays before one goes.
func copying() []Workload {
	with := func(replicas int) string {
		return edited(usesCache, "engine: Valkey}", fmt.Sprintf("engine: Valkey, replicas: %d}", replicas))
	}
	return []Workload{
		{Name: "copies-begin", Given: usesCache, Step: apply(with(2)), Done: copied(2)},
		{Name: "copies-fewer", Given: with(2), Step: apply(with(1)), Done: copied(1)},
		{Name: "copies-end", Given: with(2), Step: apply(with(0)), Done: copied(0), Leaves: []rig.Leave{rig.RemoveCopies}},
	}
}

// copied waits until the record says that the cache has so many copies, and as many run.
func copied(copies int32) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		if err := w.Converged(ctx); err != nil {
			return err
		}
		object := &corev1.ConfigMap{}
		key := client.ObjectKey{Namespace: w.Own, Name: anchor.Name(resolve.KindCache, "shop-sessions")}
		if err := w.Client.Get(ctx, key, object); err != nil {
			return err
		}
		recorded, err := anchor.Parse(object, resolve.KindCache, "shop-sessions")
		if err != nil {
			return err
		}
		set := &appsv1.StatefulSet{}
		running := int32(0)
		err = w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: "shop-sessions-replica"}, set)
		if err == nil {
			running = *set.Spec.Replicas
		} else if !apierrors.IsNotFound(err) {
			return err
		}
		if recorded.Copies != copies || running != copies || !recorded.Replicated {
			return fmt.Errorf("%d copies run and %d are recorded (replicated: %v), not %d (O3)", running, recorded.Copies, recorded.Replicated, copies)
		}
		return nil
	}
}
