package outage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// program is one of the control plane's.
type program struct {
	name    string
	process func(*controlplane.Plane) *controlplane.Process
	start   func(*controlplane.Plane) error
}

var programs = []program{
	{"etcd", func(p *controlplane.Plane) *controlplane.Process { return p.Etcd }, (*controlplane.Plane).StartEtcd},
	{"api", func(p *controlplane.Plane) *controlplane.Process { return p.API }, (*controlplane.Plane).StartAPI},
	{"controllers", func(p *controlplane.Plane) *controlplane.Process { return p.Controllers }, (*controlplane.Plane).StartControllers},
}

// kills end each program before each write, and after it.
func (s subject) kills() []campaign.Plan {
	var plans []campaign.Plan
	for _, p := range programs {
		for n := range s.Calm.Writes {
			for _, fault := range []rig.Fault{rig.KillBefore, rig.KillAfter} {
				plans = append(plans, s.plan(fmt.Sprintf("%s-%s/%d", p.name, fault, n+1), func(ctx context.Context, lane *rig.Lane) error {
					return s.kill(ctx, lane, p, &rig.Rule{Fault: fault, Skip: n})
				}))
			}
		}
	}
	return plans
}

// kill ends a program where the rule says, and starts it again.
func (s subject) kill(ctx context.Context, lane *rig.Lane, p program, rule *rig.Rule) error {
	back := &outage{lane: lane, program: p, ended: make(chan struct{})}
	rule.Kill = func() { back.begin(ctx) }
	disturbed := s.Workload
	disturbed.Step = again(s.Step)
	disturbed.Done = func(ctx context.Context, world *rig.World) error {
		if err := world.AtRest(ctx); err != nil {
			return err
		}
		if back.begun() {
			<-back.ended
		}
		return errors.Join(back.failed, done(ctx, &s.Workload, world))
	}
	got, err := disturbed.Run(ctx, lane, s.Calm.State, func(world *rig.World) {
		rule.Match = func(r *rig.Request) bool { return world.Has(r.Namespace) && r.Write() }
		lane.Proxy.Inject(rule)
	})
	if back.begun() {
		<-back.ended
	}
	switch err = errors.Join(err, back.failed); {
	case err != nil:
		return err
	case !back.begun():
		return campaign.ErrNotReached
	}
	return errors.Join(got.Summary.Beyond(s.Calm.Summary), lane.Plane.Controllers.Alive())
}

// outage is the time during which a program is away.
type outage struct {
	lane    *rig.Lane
	program program

	mutex  sync.Mutex
	struck bool
	ended  chan struct{}
	// failed may be read when the outage has not begun, or has ended.
	failed error
}

// begin kills the program, and starts it again beside whatever goes on.
func (o *outage) begin(ctx context.Context) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.struck = true
	plane := o.lane.Plane
	o.program.process(plane).Kill()
	go func() {
		defer close(o.ended)
		if o.failed = o.program.start(plane); o.failed == nil {
			o.failed = answers(ctx, o.lane)
		}
	}()
}

// answers waits until the API server is ready. Pods whose next step was lost on the way begin it anew.
func answers(ctx context.Context, lane *rig.Lane) error {
	begin := time.Now()
	if err := lane.Plane.Answers(ctx); err != nil {
		return err
	}
	lane.Safety.Starting(begin, time.Now())
	return lane.Nodes.Relent(ctx)
}

func (o *outage) begun() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.struck
}

func done(ctx context.Context, w *crash.Workload, world *rig.World) error {
	if w.Done == nil {
		return nil
	}
	return w.Done(ctx, world)
}

// again does a step until the API server has answered: a user whose connection broke tries once more.
func again(step func(context.Context, *rig.World) error) func(context.Context, *rig.World) error {
	return func(ctx context.Context, world *rig.World) error {
		lost := false
		return rig.Eventually(ctx, "the step", rig.ConvergeLimit, func(ctx context.Context) error {
			err := step(ctx, world)
			if lost && apierrors.IsNotFound(err) { // what was to be deleted is gone
				return nil
			}
			lost = lost || err != nil
			return err
		})
	}
}
