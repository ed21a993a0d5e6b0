package upgrade

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// replacement is of one build by another.
type replacement struct {
	from, to string
	// other says that the builds render other templates.
	other bool
}

// run makes a sample with one build, and replaces it by the other and back.
func (r replacement) run(ctx context.Context, lane *rig.Lane, s sample) error {
	world, err := lane.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer world.Close(ctx)
	defer func() {
		lane.Operator.Kill() // it is started again with the lane's own build
		lane.Operator.Use(lane.Binary, lane.Args...)
	}()
	apply := func(ctx context.Context, w *rig.World) error { return w.Apply(ctx, s.manifests) }
	if err := campaign.InOrder(ctx, world, admitted, use(r.from), apply, campaign.AtRest, campaign.Converged); err != nil {
		return err
	}
	before, err := running(ctx, world)
	if err != nil {
		return err
	}
	unchanged := func(ctx context.Context, w *rig.World) error { return same(ctx, w, before) }
	for _, step := range []struct {
		name, binary string
		update       bool
	}{{"the new build", r.to, r.other}, {"the old build again", r.from, false}, {"the new build again", r.to, r.other}} {
		err := campaign.InOrder(ctx, world, use(step.binary), campaign.AtRest, campaign.Converged, unchanged, r.updates(step.update), unchanged)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	if !r.other {
		return nil
	}
	return campaign.InOrder(ctx, world, restartAll, campaign.AtRest, campaign.Converged, r.updates(false), letOut)
}

// admitted labels the own namespace as the sample about sharing wants it.
func admitted(ctx context.Context, w *rig.World) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Own}}
	return w.Client.Patch(ctx, namespace, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"team":"commerce"}}}`)))
}

func use(binary string) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		w.Operator.Kill()
		w.Operator.Use(binary, w.Args...)
		return w.Operator.Start(ctx)
	}
}

// running is what must not change: the pods, and the generations of what makes them.
func running(ctx context.Context, w *rig.World) (map[string]string, error) {
	found := map[string]string{}
	for _, namespace := range w.Namespaces() {
		pods, deployments, statefulSets := &corev1.PodList{}, &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}
		for _, list := range []client.ObjectList{pods, deployments, statefulSets} {
			if err := w.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return nil, err
			}
		}
		for i := range pods.Items {
			found["pod "+pods.Items[i].Name] = string(pods.Items[i].UID)
		}
		for i := range deployments.Items {
			found["deployment "+deployments.Items[i].Name] = fmt.Sprint(deployments.Items[i].UID, deployments.Items[i].Generation)
		}
		for i := range statefulSets.Items {
			found["statefulset "+statefulSets.Items[i].Name] = fmt.Sprint(statefulSets.Items[i].UID, statefulSets.Items[i].Generation)
		}
	}
	return found, nil
}

// same is O11: no pod is another one, and nothing that makes pods was changed.
func same(ctx context.Context, w *rig.World, before map[string]string) error {
	now, err := running(ctx, w)
	if err != nil {
		return err
	}
	all := maps.Clone(before)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] != now[name] {
			err = errors.Join(err, fmt.Errorf("no restart (O11): %s was %q and is %q", name, before[name], now[name]))
		}
	}
	return err
}

// updates waits until every resource that has pods says whether its templates are held back. Between two versions that are not
// known to differ nothing is expected.
func (r replacement) updates(held bool) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		if !r.other {
			return nil
		}
		return rig.Eventually(ctx, fmt.Sprintf("UpdateAvailable is %v", held), rig.ConvergeLimit, func(ctx context.Context) error {
			objects, err := w.Resources(ctx)
			for _, object := range objects {
				if says := updateAvailable(object); says != held {
					err = errors.Join(err, fmt.Errorf("%T %s says %v", object, object.GetName(), says))
				}
			}
			return err
		})
	}
}

func updateAvailable(object client.Object) bool {
	conditions, _ := rig.Conditions(object)
	return meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionUpdateAvailable)
}

// restartAll sets restartedAt on everything: that lets the new templates out.
func restartAll(ctx context.Context, w *rig.World) error {
	objects, err := w.Resources(ctx)
	if err != nil {
		return err
	}
	now := fmt.Sprintf(`{"spec":{"restartedAt":%q}}`, time.Now().UTC().Format(time.RFC3339))
	for _, object := range objects {
		if err := w.Client.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(now))); err != nil {
			return err
		}
	}
	return nil
}

// letOut says which Deployment has an old template.
func letOut(ctx context.Context, w *rig.World) error {
	for _, namespace := range w.Namespaces() {
		deployments := &appsv1.DeploymentList{}
		if err := w.Client.List(ctx, deployments, client.InNamespace(namespace)); err != nil {
			return err
		}
		for i := range deployments.Items {
			if deployments.Items[i].Spec.Template.Spec.ShareProcessNamespace == nil {
				return fmt.Errorf("restartedAt did not let the template of %s out", deployments.Items[i].Name)
			}
		}
	}
	return nil
}
