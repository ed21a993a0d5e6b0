package outage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// restores take the cluster back to before the step, when the step is done: versions of objects go back. Once the operator is
// started again as Kubernetes' manual of a restore wants it, once it goes on with what it remembers of a future that is gone.
func (s subject) restores() []campaign.Plan {
	if s.Given == "" {
		return nil
	}
	return []campaign.Plan{
		s.plan("restored", func(ctx context.Context, lane *rig.Lane) error { return s.restored(ctx, lane, true) }),
		s.plan("restored-unawares", func(ctx context.Context, lane *rig.Lane) error { return s.restored(ctx, lane, false) }),
	}
}

func (s subject) restored(ctx context.Context, lane *rig.Lane, restart bool) error {
	snapshot := filepath.Join(lane.Plane.Folder, "snapshot")
	defer os.RemoveAll(snapshot)
	disturbed := s.Workload
	disturbed.Step = func(ctx context.Context, world *rig.World) error {
		take := func(ctx context.Context, w *rig.World) error { return takeSnapshot(ctx, w.Lane, snapshot) }
		ended := func(ctx context.Context, w *rig.World) error {
			return errors.Join(done(ctx, &s.Workload, w), w.Converged(ctx, s.Reasons...))
		}
		if err := campaign.InOrder(ctx, world, take, s.Step, ended, campaign.Safe); err != nil {
			return fmt.Errorf("before the restore: %w", err)
		}
		if restart {
			world.Operator.Kill()
		}
		back := func(ctx context.Context, w *rig.World) error { return rollBack(ctx, w.Lane, snapshot) }
		acts := func(ctx context.Context, w *rig.World) error {
			if restart {
				return nil
			}
			defer w.Operator.Kill()
			return w.AtRest(ctx)
		}
		return campaign.InOrder(ctx, world, back, acts, campaign.Safe, campaign.StartOperator, s.Step)
	}
	_, err := disturbed.Run(ctx, lane, s.Calm.State, nil)
	return errors.Join(err, lane.Plane.Controllers.Alive())
}

// takeSnapshot copies etcd's data while etcd is away for a moment.
func takeSnapshot(ctx context.Context, lane *rig.Lane, folder string) error {
	plane := lane.Plane
	plane.Etcd.Stop()
	if err := os.CopyFS(folder, os.DirFS(plane.EtcdData())); err != nil {
		return err
	}
	if err := plane.StartEtcd(); err != nil {
		return err
	}
	return answers(ctx, lane)
}

// rollBack puts a snapshot in the place of etcd's data. API server and controllers keep copies of it and are started anew.
func rollBack(ctx context.Context, lane *rig.Lane, folder string) error {
	plane := lane.Plane
	plane.Controllers.Kill()
	plane.API.Kill()
	plane.Etcd.Kill()
	lane.Safety.Reset() // what the snapshot does not hold is lost by the restore, not by the operator
	if err := errors.Join(os.RemoveAll(plane.EtcdData()), os.CopyFS(plane.EtcdData(), os.DirFS(folder))); err != nil {
		return err
	}
	for _, step := range []func() error{
		plane.StartEtcd, plane.StartAPI, func() error { return answers(ctx, lane) }, plane.StartControllers,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
