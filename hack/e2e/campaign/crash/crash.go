// Package crash disturbs every write of every workload in every way, and compares how it ends with the undisturbed run.
package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign tries every effective write of every workload with every fault.
type Campaign struct {
	// Workloads that are tried; nil means all of them.
	Workloads []Workload
	// Say prints progress.
	Say func(format string, args ...any)
}

// Name of the campaign.
func (Campaign) Name() (name, tries string) {
	return "crash", "SIGKILL before and after every effective write of every workload, and every write dropped, ambiguous, 409, 429, 500, 503"
}

// run is how one run of a workload ended.
type run struct {
	state   rig.State
	summary rig.Summary
	// writes are those of the step, each by what it does and to which object, with its number where that happens again.
	writes []string
}

// Prepare runs every workload undisturbed.
func (c Campaign) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	workloads := c.Workloads
	if workloads == nil {
		workloads = Workloads()
	}
	workloads = slices.DeleteFunc(workloads, func(w Workload) bool { return !campaign.Wanted("crash/"+w.Name+"/", only) })
	plans := make([][]campaign.Plan, len(workloads))
	err := campaign.Each(ctx, lanes, indexes(len(workloads)), func(ctx context.Context, lane *rig.Lane, i int) error {
		w := &workloads[i]
		calm, err := w.run(ctx, lane, nil, nil)
		if err = errors.Join(err, lane.Safety.Check()); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		c.Say("crash: %s has %d writes", w.Name, len(calm.writes))
		plans[i] = w.plans(calm)
		return nil
	})
	return slices.Concat(plans...), err
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (w *Workload) plans(calm *run) []campaign.Plan {
	var plans []campaign.Plan
	for _, write := range calm.writes {
		for _, fault := range rig.WriteFaults {
			plans = append(plans, campaign.Plan{
				ID:  "crash/" + w.Name + "/" + string(fault) + "/" + write,
				Run: func(ctx context.Context, lane *rig.Lane) error { return w.disturbed(ctx, lane, calm, write, fault) },
			})
		}
	}
	return plans
}

// disturbed runs a workload with a fault at one of its writes.
func (w *Workload) disturbed(ctx context.Context, lane *rig.Lane, calm *run, write string, fault rig.Fault) error {
	rule := &rig.Rule{Fault: fault, Kill: lane.Operator.Kill}
	got, err := w.run(ctx, lane, calm.state, func(world *rig.World) {
		counter := numbered{}
		rule.Match = func(r *rig.Request) bool { return world.Has(r.Namespace) && r.Write() && counter.name(world.Masked(r.Object())) == write }
		lane.Proxy.Inject(rule)
	})
	if err != nil {
		return err
	}
	if rule.Hit() == 0 {
		return campaign.ErrNotReached
	}
	return got.summary.Exceeds(calm.summary)
}

// numbered gives what happens again a number.
type numbered map[string]int

func (n numbered) name(what string) string {
	n[what]++
	return fmt.Sprintf("%s#%d", what, n[what])
}

// run runs a workload in a world of its own, disturbed from the step on. It has to end in a state, if one is given.
func (w *Workload) run(ctx context.Context, lane *rig.Lane, state rig.State, disturb func(*rig.World)) (*run, error) {
	world, err := lane.NewWorld(ctx)
	if err != nil {
		return nil, err
	}
	defer world.Close(ctx)
	for _, namespace := range world.Namespaces() {
		for _, leave := range w.Leaves {
			lane.Safety.Allow(namespace, leave)
		}
	}
	if err := w.begin(ctx, world); err != nil {
		return nil, fmt.Errorf("before the step: %w", err)
	}
	mark := lane.Proxy.Mark()
	if disturb != nil {
		disturb(world)
	}
	if err := w.Step(ctx, world); err != nil {
		return nil, fmt.Errorf("the step: %w", err)
	}
	return w.end(ctx, world, mark, state)
}

func (w *Workload) begin(ctx context.Context, world *rig.World) error {
	if w.Given != "" {
		if err := world.Apply(ctx, w.Given); err != nil {
			return err
		}
		if err := world.Converged(ctx); err != nil {
			return err
		}
	}
	if w.Prepare != nil {
		return w.Prepare(ctx, world)
	}
	return nil
}

// end waits until the workload has ended, and takes down how.
func (w *Workload) end(ctx context.Context, world *rig.World, mark int, want rig.State) (*run, error) {
	reviving, cancel := context.WithCancel(ctx)
	revived := make(chan error, 1)
	go func() { revived <- world.Operator.Revive(reviving) }()
	err := w.await(ctx, world)
	cancel()
	if err := errors.Join(err, <-revived); err != nil {
		return nil, err
	}
	if err := errors.Join(world.CredentialsWhole(ctx), world.Written(mark)); err != nil {
		return nil, err
	}
	state, err := world.Becomes(ctx, want)
	result := &run{state: state, summary: world.Summary(mark)}
	counter := numbered{}
	for _, r := range world.Proxy.Since(mark) {
		if world.Has(r.Namespace) && r.Write() && r.Status >= 200 && r.Status < 300 {
			result.writes = append(result.writes, counter.name(world.Masked(r.Object())))
		}
	}
	return result, err
}

func (w *Workload) await(ctx context.Context, world *rig.World) error {
	if w.Done != nil {
		if err := w.Done(ctx, world); err != nil {
			return err
		}
	}
	return world.Converged(ctx, w.Reasons...)
}
