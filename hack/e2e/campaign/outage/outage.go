// Package outage takes the control plane, the operator's leader and its installation away, and brings them back.
package outage

import (
	"context"
	"slices"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign ends the programs around the operator at every write of every workload, and takes away what the operator stands on.
type Campaign struct {
	// Workloads that are tried; nil means all of them.
	Workloads []crash.Workload
	// Say prints progress.
	Say func(format string, args ...any)
}

// Name of the campaign.
func (Campaign) Name() (name, tries string) {
	return "outage", "Control plane: etcd, API server and controller-manager killed and started again at every write, etcd restored from an " +
		"older snapshot; leader killed, stopped for 20 s and 60 s and woken, its lease deleted and stolen; CRD deletion refused while protected, " +
		"and once released 0 bytes lost, workloads gone and back on reinstall; chart uninstalled: apps untouched"
}

// subject is a workload and how it ends undisturbed.
type subject struct{ *crash.Subject }

// Prepare runs undisturbed the workloads that are to be disturbed.
func (c Campaign) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	subjects, err := crash.Subjects(ctx, lanes, "outage", only, c.Workloads, c.Say)
	if err != nil {
		return nil, err
	}
	plans := removals()
	for _, each := range subjects {
		s := subject{each}
		plans = slices.Concat(plans, s.restores(), s.elections(), s.kills())
	}
	return plans, nil
}

func (s subject) plan(id string, run func(context.Context, *rig.Lane) error) campaign.Plan {
	return campaign.Plan{ID: "outage/" + s.Name + "/" + id, Run: run}
}
