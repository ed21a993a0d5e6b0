// Package crash disturbs every write of every workload in every way, and compares how it ends with the undisturbed run.
package crash

import (
	"context"
	"errors"
	"fmt"

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

// End is how one run of a workload ended.
type End struct {
	State   rig.State
	Summary rig.Summary
	// Writes are those of the step, each by what it does and to which object, with its number where that happens again.
	Writes []string
	// Events counts what the operator's watches were sent since the step, by resource.
	Events map[string]int
}

// Prepare runs every workload undisturbed.
func (c Campaign) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	subjects, err := Subjects(ctx, lanes, "crash", only, c.Workloads, c.Say)
	var plans []campaign.Plan
	for _, s := range subjects {
		if s.Calm != nil {
			plans = append(plans, s.plans(s.Calm)...)
		}
	}
	return plans, err
}

func (w *Workload) plans(calm *End) []campaign.Plan {
	var plans []campaign.Plan
	for _, d := range disturbances(calm.Writes) {
		plans = append(plans, campaign.Plan{
			ID: "crash/" + w.Name + "/" + d.String(),
			Run: func(ctx context.Context, lane *rig.Lane) error {
				missed, err := w.disturbed(ctx, lane, calm, d)
				if err == nil && len(missed) > 0 {
					return campaign.ErrNotReached
				}
				return err
			},
		})
	}
	return plans
}

// disturbance is a fault at one write.
type disturbance struct {
	write string
	fault rig.Fault
}

func (d disturbance) String() string { return string(d.fault) + "/" + d.write }

// disturbances are every fault at every write.
func disturbances(writes []string) []disturbance {
	var all []disturbance
	for _, write := range writes {
		for _, fault := range rig.WriteFaults {
			all = append(all, disturbance{write, fault})
		}
	}
	return all
}

// disturbed runs a workload with faults at its writes, each of another object, and returns those whose write did not come.
func (w *Workload) disturbed(ctx context.Context, lane *rig.Lane, calm *End, faults ...disturbance) (missed []disturbance, err error) {
	rules := make([]*rig.Rule, len(faults))
	got, err := w.Run(ctx, lane, calm.State, func(world *rig.World) {
		for i, d := range faults {
			counter := numbered{}
			rules[i] = &rig.Rule{Fault: d.fault, Kill: lane.Operator.Kill, Match: func(r *rig.Request) bool {
				return world.Has(r.Namespace) && r.Write() && counter.name(world.Masked(r.Object())) == d.write
			}}
		}
		lane.Proxy.Inject(rules...)
	})
	if err != nil {
		return nil, err
	}
	lane.Proxy.Calm()
	for i, rule := range rules {
		if rule.Hit() == 0 {
			missed = append(missed, faults[i])
		}
	}
	if len(missed) == len(faults) {
		return missed, nil
	}
	return missed, got.Summary.Exceeds(calm.Summary)
}

// numbered gives what happens again a number.
type numbered map[string]int

func (n numbered) name(what string) string {
	n[what]++
	return fmt.Sprintf("%s#%d", what, n[what])
}

// Run runs a workload in a world of its own, disturbed from the step on. It has to end in a state, if one is given.
func (w *Workload) Run(ctx context.Context, lane *rig.Lane, state rig.State, disturb func(*rig.World)) (*End, error) {
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
	mark, events := lane.Proxy.Mark(), lane.Proxy.EventMark()
	if disturb != nil {
		disturb(world)
	}
	if err := w.Step(ctx, world); err != nil {
		return nil, fmt.Errorf("the step: %w", err)
	}
	end, err := w.end(ctx, world, mark, state)
	if err == nil {
		end.Events = world.Events(events)
	}
	return end, err
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

// end waits until the workload has ended, and takes down how. An operator that was killed is started again until then: a write that is
// disturbed may come late.
func (w *Workload) end(ctx context.Context, world *rig.World, mark int, want rig.State) (*End, error) {
	reviving, cancel := context.WithCancel(ctx)
	revived := make(chan error, 1)
	go func() { revived <- world.Operator.Revive(reviving) }()
	end, err := w.ended(ctx, world, mark, want)
	cancel()
	return end, errors.Join(err, <-revived)
}

func (w *Workload) ended(ctx context.Context, world *rig.World, mark int, want rig.State) (*End, error) {
	if err := w.await(ctx, world); err != nil {
		return nil, err
	}
	if err := errors.Join(world.CredentialsWhole(ctx), world.AnchorsFirst(), world.Written(mark)); err != nil {
		return nil, err
	}
	state, err := world.Becomes(ctx, want)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, rig.Describe(world.Proxy.Since(mark), 12))
	}
	result := &End{State: state, Summary: world.Summary(mark)}
	counter := numbered{}
	for _, r := range world.Proxy.Since(mark) {
		if world.Has(r.Namespace) && r.Write() && r.Status >= 200 && r.Status < 300 {
			result.Writes = append(result.Writes, counter.name(world.Masked(r.Object())))
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
	if err := world.Converged(ctx, w.Reasons...); err != nil {
		return err
	}
	if err := world.JobsEnd(ctx); err != nil { // what a login's end brings with it comes after its Job
		return err
	}
	return world.Converged(ctx, w.Reasons...)
}
