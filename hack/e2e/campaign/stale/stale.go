// Package stale lets the operator see late, twice or not at all what happens, and compares how it ends with the undisturbed run.
package stale

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign disturbs every event that a watch is sent in every workload, and freezes the operator's view of every resource.
type Campaign struct {
	// Workloads that are tried; nil means all of them.
	Workloads []crash.Workload
	// Say prints progress.
	Say func(format string, args ...any)
}

// Name of the campaign.
func (Campaign) Name() (name, tries string) {
	return "stale", "Missed and stale: each watch event dropped, duplicated, delayed, replayed, each watch closed; each kind's view frozen, " +
		"the operator restarted on it, then thawed, with no destructive act; 10 % random errors and 200 ms for a whole workload"
}

// subject is a workload and how it ends undisturbed.
type subject struct{ *crash.Subject }

// Prepare runs every workload undisturbed.
func (c Campaign) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	subjects, err := crash.Subjects(ctx, lanes, "stale", only, c.Workloads, c.Say)
	if err != nil {
		return nil, err
	}
	watched := lanes[0].Proxy.Watched()
	var plans []campaign.Plan
	for _, s := range subjects {
		plans = append(plans, subject{s}.plans(watched)...)
	}
	return plans, nil
}

func (s subject) plans(watched []string) []campaign.Plan {
	var plans []campaign.Plan
	add := func(id string, run func(context.Context, *rig.Lane) error) {
		plans = append(plans, campaign.Plan{ID: "stale/" + s.Name + "/" + id, Run: run})
	}
	for _, resource := range slices.Sorted(maps.Keys(s.Calm.Events)) {
		for n := range s.Calm.Events[resource] {
			for _, fault := range rig.StreamFaults {
				add(fmt.Sprintf("%s/%s#%d", fault, resource, n+1), func(ctx context.Context, lane *rig.Lane) error {
					return s.unobserved(ctx, lane, &rig.StreamRule{Fault: fault, Resource: resource, Skip: n})
				})
			}
		}
	}
	for _, resource := range watched {
		add("frozen/"+resource, func(ctx context.Context, lane *rig.Lane) error { return s.frozen(ctx, lane, resource) })
	}
	add("storm", s.storm)
	return plans
}

// ends runs the workload disturbed, and holds how it ends against the undisturbed run.
func (s subject) ends(ctx context.Context, lane *rig.Lane, disturb func(*rig.World)) error {
	got, err := s.Run(ctx, lane, s.Calm.State, disturb)
	if err != nil {
		return err
	}
	return got.Summary.Exceeds(s.Calm.Summary)
}
