package sweep

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// invalidReasons are those with which a condition refuses a value.
var invalidReasons = []string{
	v1alpha1.ReasonInvalid, v1alpha1.ReasonLimitExceeded, v1alpha1.ReasonClassNotFound, v1alpha1.ReasonStorageClassNotFound,
	v1alpha1.ReasonVersionNotInCatalog, v1alpha1.ReasonUpgradeRefused, v1alpha1.ReasonProviderMissing, v1alpha1.ReasonNotGranted,
	v1alpha1.ReasonPodRefused, v1alpha1.ReasonRefused,
}

// recoveries plans for every value that only a condition can refuse: it names the field, and the state after it is mended is that of
// before, whether the resource began right or wrong.
func (p *plans) recoveries() {
	for i := range p.nodes {
		r := p.rows[p.nodes[i].String()]
		if r == nil || !p.nodes[i].leaf() {
			continue
		}
		for _, value := range r.Bad {
			p.add("recover", fmt.Sprintf("%s=%v", r, value), func(ctx context.Context, lane *rig.Lane) error { return p.recovers(ctx, lane, r, value) })
		}
	}
}

func (p *plans) recovers(ctx context.Context, lane *rig.Lane, r *row, value any) error {
	right, err := r.scene(r.Try[0])
	if err != nil {
		return err
	}
	bad, err := r.scene(value)
	if err != nil {
		return err
	}
	p.operations.Add(1)
	if err := bad.judge(ctx, lane.Client, r.kind); apierrors.IsInvalid(err) {
		p.refused.Add(1)
		if !names(err.Error(), r.path()) {
			return fmt.Errorf("%v is refused without naming the field: %w", value, err)
		}
		return nil
	}
	return p.pair(ctx, lane, func(walked, fresh *rig.World) error {
		defer right.deleteClasses(ctx, walked)
		defer right.deleteClasses(ctx, fresh)
		if r.Immutable {
			return p.replaces(ctx, r, value, walked, fresh, right, bad)
		}
		return p.mends(ctx, r, value, walked, fresh, right, bad)
	})
}

// replaces: what is immutable cannot go wrong later, and what began wrong is mended by making it again.
func (p *plans) replaces(ctx context.Context, r *row, value any, walked, fresh *rig.World, right, bad scene) error {
	p.operations.Add(4)
	if err := errors.Join(right.apply(ctx, walked), bad.apply(ctx, fresh)); err != nil {
		return err
	}
	if err := errors.Join(walked.Converged(ctx, r.Reasons...), p.tells(ctx, r, value, fresh)); err != nil {
		return err
	}
	begin, err := walked.State(ctx)
	if err != nil {
		return err
	}
	for scene, world := range map[*scene]*rig.World{&bad: walked, &right: fresh} {
		switch err := scene.apply(ctx, world); {
		case err == nil:
			return p.mends(ctx, r, value, walked, fresh, right, bad)
		case !names(err.Error(), r.path()):
			return fmt.Errorf("an edit is refused without naming the field: %w", err)
		}
		p.refused.Add(1)
	}
	if err := removeAll(ctx, fresh); err != nil {
		return err
	}
	if err := right.apply(ctx, fresh); err != nil {
		return fmt.Errorf("made again: %w", err)
	}
	if err := fresh.Converged(ctx, r.Reasons...); err != nil {
		return fmt.Errorf("made again: %w", err)
	}
	return becomes(ctx, fresh, begin, r.Remembers, "made again, against one that was always right (O3)")
}

// removeAll deletes the resources of a world, the stacks first, which would make the others again.
func removeAll(ctx context.Context, w *rig.World) error {
	objects, err := w.Resources(ctx)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := w.Client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
			return err
		}
		gvk, err := w.Client.GroupVersionKindFor(object)
		if err != nil {
			return err
		}
		if err := w.Gone(ctx, gvk, object.GetNamespace(), object.GetName()); err != nil {
			return err
		}
	}
	return nil
}

// mends goes from right to bad and back in one world, and from bad to right in the other: both end alike.
func (p *plans) mends(ctx context.Context, r *row, value any, walked, fresh *rig.World, right, bad scene) error {
	p.operations.Add(2)
	if err := errors.Join(right.apply(ctx, walked), bad.apply(ctx, fresh)); err != nil {
		return err
	}
	if err := errors.Join(walked.Converged(ctx, r.Reasons...), p.tells(ctx, r, value, fresh)); err != nil {
		return err
	}
	begin, err := walked.State(ctx)
	if err != nil {
		return err
	}
	p.operations.Add(2)
	if err := errors.Join(bad.apply(ctx, walked), right.apply(ctx, fresh)); err != nil {
		return fmt.Errorf("when it goes wrong in one world and is mended in the other: %w", err)
	}
	if err := errors.Join(p.tells(ctx, r, value, walked), fresh.Converged(ctx, r.Reasons...)); err != nil {
		return err
	}
	if err := becomes(ctx, fresh, begin, r.Remembers, "mended, against one that was always right (O3)"); err != nil {
		return err
	}
	p.operations.Add(1)
	if err := right.apply(ctx, walked); err != nil {
		return err
	}
	if err := walked.Converged(ctx, r.Reasons...); err != nil {
		return fmt.Errorf("mended: %w", err)
	}
	return becomes(ctx, walked, begin, r.Remembers, "after the error (O4)")
}

// tells waits until a condition refuses the value, and looks whether it names the field.
func (p *plans) tells(ctx context.Context, r *row, value any, w *rig.World) error {
	if err := w.Converged(ctx, invalidReasons...); err != nil {
		return err
	}
	objects, err := w.Resources(ctx)
	if err != nil {
		return err
	}
	switch text := complaints(objects); {
	case text == "":
		p.accepted.Add(1)
		return fmt.Errorf("%s: a bad value is accepted, and everything is Ready", r)
	case !names(text, r.path()) && !strings.Contains(text, fmt.Sprintf(" %v ", value)):
		p.unnamed.Add(1)
		return fmt.Errorf("%s: no condition names the field: %s", r, text)
	}
	p.condition.Add(1)
	return nil
}

// complaints are the reasons and messages of what is not Ready.
func complaints(objects []client.Object) string {
	var messages []string
	for _, object := range objects {
		conditions, _ := rig.Conditions(object)
		if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); c != nil && c.Status != metav1.ConditionTrue {
			messages = append(messages, c.Reason+": "+c.Message)
		}
	}
	return strings.Join(messages, "\n")
}
