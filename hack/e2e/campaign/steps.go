package campaign

import (
	"context"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Step is one thing that a plan does in its world.
type Step = func(context.Context, *rig.World) error

// InOrder does one step after the other until one fails.
func InOrder(ctx context.Context, world *rig.World, steps ...Step) error {
	for _, step := range steps {
		if err := step(ctx, world); err != nil {
			return err
		}
	}
	return nil
}

// AtRest waits until the operator asks nothing.
func AtRest(ctx context.Context, w *rig.World) error { return w.AtRest(ctx) }

// Converged waits until everything is Ready and the operator at rest.
func Converged(ctx context.Context, w *rig.World) error { return w.Converged(ctx) }

// Install installs CRDs, roles and policies.
func Install(ctx context.Context, w *rig.World) error { return w.Install(ctx) }

// StartOperator starts the operator if it was killed.
func StartOperator(ctx context.Context, w *rig.World) error {
	if !w.Operator.Killed() {
		return nil
	}
	return w.Operator.Start(ctx)
}

// Safe says what went against data safety or authority so far.
func Safe(_ context.Context, w *rig.World) error { return w.Safety.Check() }
