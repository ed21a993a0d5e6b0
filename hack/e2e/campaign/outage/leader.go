package outage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const (
	leaseNamespace = "stackwright-system"
	leaseName      = "stackwright.dev"
	// takeoverLimit is much longer than a lease lasts.
	takeoverLimit = 2 * time.Minute
)

// strike is what happens to the leader in the middle of a workload.
type strike struct {
	name string
	// act happens while the leader waits for the answer to a write that the API server never sees.
	act func(context.Context, *pair) error
	// away is for how long the leader is stopped.
	away time.Duration
	// second says that the other one leads then; else it may be either.
	second bool
}

var strikes = []strike{
	{name: "killed", act: func(_ context.Context, p *pair) error { p.first.Kill(); return nil }},
	{name: "ended", act: func(_ context.Context, p *pair) error { return p.first.Signal(syscall.SIGTERM) }, second: true},
	{name: "lease-deleted", act: func(ctx context.Context, p *pair) error { return p.lane.Client.Delete(ctx, lease()) }},
	{name: "lease-stolen", act: steal, second: true},
	{name: "stopped-20s", act: stop, away: 20 * time.Second, second: true},
	{name: "stopped-60s", act: stop, away: time.Minute, second: true},
}

func stop(_ context.Context, p *pair) error { return p.first.Signal(syscall.SIGSTOP) }

func lease() *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: leaseNamespace, Name: leaseName}}
}

// steal makes somebody hold the lease who does nothing, and never renews it.
func steal(ctx context.Context, p *pair) error {
	object := lease()
	if err := p.lane.Client.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return err
	}
	thief, now := "thief", metav1.NowMicro()
	before := object.DeepCopy()
	object.Spec.HolderIdentity, object.Spec.RenewTime, object.Spec.AcquireTime = &thief, &now, &now
	return p.lane.Client.Patch(ctx, object, client.MergeFrom(before))
}

// elections strike the leader at the first write of the step, and at the last.
func (s subject) elections() []campaign.Plan {
	var plans []campaign.Plan
	for _, strike := range strikes {
		for _, at := range slices.Compact([]int{1, len(s.Calm.Writes)}) {
			plans = append(plans, s.plan(fmt.Sprintf("leader-%s/%d", strike.name, at), func(ctx context.Context, lane *rig.Lane) error {
				return s.election(ctx, lane, strike, at-1)
			}))
		}
	}
	return plans
}

// pair is two operators of which one leads.
type pair struct {
	lane          *rig.Lane
	first, second *rig.Operator
}

const firstName, secondName = "first", "second"

// newPair starts two operators in the place of the lane's own; the first one leads.
func newPair(ctx context.Context, lane *rig.Lane) (*pair, error) {
	lane.Operator.Kill()
	if err := client.IgnoreNotFound(lane.Client.Delete(ctx, lease())); err != nil {
		return nil, err
	}
	own := *lane
	p, mark := &pair{lane: &own}, lane.Proxy.Mark()
	for _, o := range []struct {
		name string
		into **rig.Operator
	}{{firstName, &p.first}, {secondName, &p.second}} {
		operator, err := lane.Another(o.name, lane.Binary, append(slices.Clone(lane.Args),
			"--leader-elect", "--leader-election-namespace="+leaseNamespace)...)
		if err != nil {
			return p, err
		}
		*o.into = operator
		if err := errors.Join(operator.Start(ctx), p.leads(ctx, mark, firstName)); err != nil {
			return p, err
		}
	}
	own.Operator = p.first // who is killed is started again by those who wait for the end
	return p, nil
}

func (p *pair) end() {
	for _, operator := range []*rig.Operator{p.first, p.second} {
		if operator != nil {
			_ = operator.Signal(syscall.SIGCONT) // one that has ended hears nothing
			operator.Kill()
		}
	}
}

// leads waits until one of some operators has written the lease since a mark.
func (p *pair) leads(ctx context.Context, mark int, names ...string) error {
	wrote := func(r rig.Request) bool {
		return r.Resource == "leases" && (r.Verb == "create" || r.Verb == "update") && r.Status/100 == 2 && slices.Contains(names, r.Agent)
	}
	return rig.Eventually(ctx, fmt.Sprintf("one of %v leads", names), takeoverLimit, func(context.Context) error {
		if !slices.ContainsFunc(p.lane.Proxy.Since(mark), wrote) {
			return errors.New("none did write the lease")
		}
		return nil
	})
}

// election strikes the leader at one of its writes.
func (s subject) election(ctx context.Context, lane *rig.Lane, strike strike, at int) error {
	p, err := newPair(ctx, lane)
	if p != nil {
		defer p.end()
	}
	if err != nil {
		return err
	}
	struck := &struck{pair: p, strike: strike}
	disturbed := s.Workload
	disturbed.Done = func(ctx context.Context, world *rig.World) error { return struck.await(ctx, s, world) }
	got, err := disturbed.Run(ctx, p.lane, s.Calm.State, func(world *rig.World) {
		lane.Proxy.Inject(&rig.Rule{Fault: rig.KillBefore, Skip: at, Kill: func() { struck.now(ctx) }, Match: func(r *rig.Request) bool {
			return world.Has(r.Namespace) && r.Write() && r.Agent == firstName
		}})
	})
	switch {
	case err != nil:
		return err
	case struck.at.IsZero():
		return campaign.ErrNotReached
	}
	return errors.Join(got.Summary.Beyond(s.Calm.Summary), p.first.Panicked(), p.second.Panicked())
}

// struck is a leader to whom something happened, or not yet.
type struck struct {
	*pair
	strike strike

	mutex sync.Mutex
	at    time.Time
	mark  int
	err   error
}

func (h *struck) now(ctx context.Context) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.at, h.mark = time.Now(), h.lane.Proxy.Mark()
	h.err = h.strike.act(ctx, h.pair)
}

func (h *struck) state() (happened bool, mark int, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return !h.at.IsZero(), h.mark, h.err
}

// await waits until somebody leads again and the workload has ended, and wakes a leader that was stopped.
func (h *struck) await(ctx context.Context, s subject, world *rig.World) error {
	if err := world.AtRest(ctx); err != nil {
		return err
	}
	happened, mark, err := h.state()
	if err != nil || !happened {
		return errors.Join(err, done(ctx, &s.Workload, world))
	}
	heirs := []string{secondName}
	if !h.strike.second {
		heirs = append(heirs, firstName)
	}
	if err = errors.Join(h.leads(ctx, mark, heirs...), done(ctx, &s.Workload, world), world.Converged(ctx, s.Reasons...)); err != nil || h.strike.away == 0 {
		return err
	}
	return h.wake(ctx, world, &s.Workload)
}

// wake lets a leader go on that was stopped for so long that another one leads. What it had begun must not be done any more.
func (h *struck) wake(ctx context.Context, world *rig.World, w *crash.Workload) error {
	timer := time.NewTimer(time.Until(h.at.Add(h.strike.away))) // the time is the fault
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if h.first.Ended() {
		return errors.New("the stopped leader has ended")
	}
	mark := world.Proxy.Mark()
	if err := h.first.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	err := rig.Eventually(ctx, "the woken leader gives up", takeoverLimit, func(context.Context) error {
		if !h.first.Ended() {
			return errors.New("it runs")
		}
		return nil
	})
	for _, r := range world.Proxy.Since(mark) {
		if r.Agent == firstName && r.Write() && r.Status/100 == 2 {
			err = errors.Join(err, fmt.Errorf("%s: a leader that was replaced wrote: %s", w.Name, r.String()))
		}
	}
	return err
}
