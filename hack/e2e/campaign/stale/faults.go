package stale

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// unobserved disturbs one event of the watches of one resource.
func (s subject) unobserved(ctx context.Context, lane *rig.Lane, rule *rig.StreamRule) error {
	err := s.ends(ctx, lane, func(world *rig.World) {
		rule.Match = func(event *rig.StreamEvent) bool { return world.Has(event.Namespace) }
		lane.Proxy.InjectStream(rule)
	})
	if err != nil {
		return err
	}
	// What a plan lost must not come back in the middle of the next one.
	err = rig.Eventually(ctx, "the operator is told that it lost an event", rig.ConvergeLimit, func(context.Context) error {
		if lane.Proxy.Pending(rule) {
			return errors.New("it was not told")
		}
		return nil
	})
	lane.Proxy.Calm()
	if err == nil && !rule.Hit() {
		return campaign.ErrNotReached
	}
	return err
}

// frozen does the step while the operator sees one resource as it was before, restarts the operator on that view, and thaws it.
// What was done in the meantime is part of what is compared with the undisturbed run: a deletion too many is found there.
func (s subject) frozen(ctx context.Context, lane *rig.Lane, resource string) error {
	disturbed := *s.Subject
	disturbed.Step = func(ctx context.Context, world *rig.World) error {
		version, err := present(ctx, world)
		if err != nil {
			return err
		}
		world.Proxy.Freeze(resource, version)
		defer world.Proxy.Thaw()
		return campaign.InOrder(ctx, world, s.Step, campaign.AtRest, restarted(resource), campaign.AtRest, campaign.Safe)
	}
	return subject{&disturbed}.ends(ctx, lane, nil)
}

// present is the version that the API server's data has now.
func present(ctx context.Context, world *rig.World) (string, error) {
	list := &corev1.ServiceAccountList{}
	err := world.Client.List(ctx, list, client.InNamespace(world.Own))
	return list.ResourceVersion, err
}

// restarted starts the operator again, and waits until it has listed a resource.
func restarted(resource string) campaign.Step {
	return func(ctx context.Context, world *rig.World) error {
		mark := world.Proxy.Mark()
		if err := world.Operator.Restart(ctx); err != nil {
			return err
		}
		return rig.Eventually(ctx, "the operator lists "+resource, rig.ConvergeLimit, func(context.Context) error {
			listed := func(r rig.Request) bool { return r.Verb == "list" && r.Resource == resource }
			if !slices.ContainsFunc(world.Proxy.Since(mark), listed) {
				return errors.New("it did not yet")
			}
			return nil
		})
	}
}

const (
	stormLatency = 200 * time.Millisecond
	// stormShare is how many requests of a thousand meet each fault of the storm: 10 % in all.
	stormShare = 1000 / 10 / 6
)

var stormFaults = []rig.Fault{rig.DropBefore, rig.DropAfter, rig.Conflict, rig.Throttled, rig.InternalError, rig.Unavailable}

// storm lets the whole workload run on a bad network. Which requests are hit depends on the workload's name and on their order.
func (s subject) storm(ctx context.Context, lane *rig.Lane) error {
	seed := fnv.New64()
	_, _ = seed.Write([]byte(s.Name))                // a hash takes everything
	random := rand.New(rand.NewPCG(seed.Sum64(), 1)) //nolint:gosec // the same storm every time
	return s.ends(ctx, lane, func(world *rig.World) {
		lane.Proxy.Delay(stormLatency)
		for _, fault := range stormFaults {
			lane.Proxy.Inject(&rig.Rule{Fault: fault, Times: -1, Match: func(r *rig.Request) bool {
				return world.Has(r.Namespace) && random.IntN(1000) < stormShare
			}})
		}
	})
}
