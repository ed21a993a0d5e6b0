package sweep

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// troubles are how pods of a new state may end up, with the reasons for which the resource is not Ready then.
var troubles = map[rig.Fate][]string{
	rig.NoImage: {v1alpha1.ReasonImagePullFailed},
	rig.Crashes: {v1alpha1.ReasonCrashLoop, v1alpha1.ReasonProgressing},
	rig.Starts:  {v1alpha1.ReasonProgressing, v1alpha1.ReasonNotAnswering},
	rig.NoNode:  {v1alpha1.ReasonProgressing, v1alpha1.ReasonUnschedulable},
}

// troubled is the request by which pods of a state that fails are known: nothing else asks for that much.
const troubled = "777m"

// failures plans for each sort of workload that its new state fails when it runs, and that the way back is exact all the same (O4).
func (p *plans) failures() {
	for _, leaf := range []string{
		"BackendStack/spec.components[].resources.requests.cpu", "StackDatabase/spec.resources.requests.cpu",
		"StackCache/spec.resources.requests.cpu", "StackQueue/spec.resources.requests.cpu",
	} {
		for _, fate := range []rig.Fate{rig.NoImage, rig.Crashes, rig.Starts, rig.NoNode} {
			p.add("fail", fmt.Sprintf("%s/%s", leaf, fate), func(ctx context.Context, lane *rig.Lane) error {
				return p.fails(ctx, lane, p.rows[leaf], fate)
			})
		}
	}
}

func (p *plans) fails(ctx context.Context, lane *rig.Lane, r *row, fate rig.Fate) error {
	right, err := r.scene(r.Try[0])
	if err != nil {
		return err
	}
	wrong, err := r.scene(troubled)
	if err != nil {
		return err
	}
	lane.Nodes.Decide(func(pod *corev1.Pod) rig.Fate {
		for i := range pod.Spec.Containers {
			if pod.Spec.Containers[i].Resources.Requests.Cpu().String() == troubled {
				return fate
			}
		}
		return rig.Serves
	})
	return p.pair(ctx, lane, func(walked, fresh *rig.World) error {
		return p.failsAndReturns(ctx, walked, fresh, right, wrong, troubles[fate])
	})
}

// failsAndReturns goes from right to wrong and back in one world, and from wrong to right in the other.
func (p *plans) failsAndReturns(ctx context.Context, walked, fresh *rig.World, right, wrong scene, reasons []string) error {
	p.operations.Add(5)
	if err := errors.Join(right.apply(ctx, walked), wrong.apply(ctx, fresh)); err != nil {
		return err
	}
	if err := errors.Join(walked.Converged(ctx), fresh.Converged(ctx, reasons...)); err != nil {
		return err
	}
	begin, err := walked.State(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(wrong.apply(ctx, walked), right.apply(ctx, fresh)); err != nil {
		return err
	}
	if err := walked.Converged(ctx, reasons...); err != nil {
		return fmt.Errorf("failing: %w", err)
	}
	if err := fresh.Converged(ctx); err != nil {
		return fmt.Errorf("mended, after it never ran: %w", err)
	}
	if err := becomes(ctx, fresh, begin, false, "mended, against one that was always right (O3)"); err != nil {
		return err
	}
	if err := right.apply(ctx, walked); err != nil {
		return err
	}
	if err := walked.Converged(ctx); err != nil {
		return fmt.Errorf("back: %w", err)
	}
	return becomes(ctx, walked, begin, false, "after the failure (O4)")
}
