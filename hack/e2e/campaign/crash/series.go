package crash

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// together is how many faults a run of Series has. More of them would hide what each does: an operator that starts anew mends what it
// forgot before.
const together = 5

// Series tries what Campaign tries, in a fraction of the time and with other eyes: several faults in a run, each at a write of another
// object. A fault whose write does not come in company is tried alone. What only shows while nothing else goes wrong is left to Campaign.
type Series struct {
	// Workloads that are tried; nil means all of them.
	Workloads []Workload
	// Say prints progress.
	Say func(format string, args ...any)

	tried, alone, missed atomic.Int64
}

// Name of the campaign.
func (*Series) Name() (name, tries string) {
	return "series", fmt.Sprintf("the faults of crash, %d in a run, each at a write of another object", together)
}

// Counts are the faults that were tried, how many of them alone, and how many could not be because their write did not come.
func (s *Series) Counts() map[string]int64 {
	return map[string]int64{"faults tried": s.tried.Load(), "of them alone": s.alone.Load(), "faults not reached": s.missed.Load()}
}

// Prepare runs every workload undisturbed.
func (s *Series) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	subjects, err := Subjects(ctx, lanes, "series", only, s.Workloads, s.Say)
	var plans []campaign.Plan
	for _, subject := range subjects {
		if subject.Calm == nil {
			continue
		}
		hands := deal(subject.Calm.Writes)
		for i, hand := range hands {
			plans = append(plans, campaign.Plan{
				ID:  fmt.Sprintf("series/%s/%d-of-%d", subject.Name, i+1, len(hands)),
				Run: func(ctx context.Context, lane *rig.Lane) error { return s.run(ctx, lane, subject, hand) },
			})
		}
	}
	return plans, err
}

// run disturbs a workload with all of a hand, and then alone with what was missed.
func (s *Series) run(ctx context.Context, lane *rig.Lane, subject *Subject, hand []disturbance) error {
	missed, err := subject.disturbed(ctx, lane, subject.Calm, hand...)
	if err != nil {
		return fmt.Errorf("with %v: %w", hand, err)
	}
	s.tried.Add(int64(len(hand) - len(missed)))
	reached := len(missed) < len(hand)
	for _, d := range missed {
		if err := lane.Calm(ctx); err != nil {
			return err
		}
		again, err := subject.disturbed(ctx, lane, subject.Calm, d)
		if err != nil {
			return fmt.Errorf("with %v alone: %w", d, err)
		}
		if len(again) > 0 {
			s.missed.Add(1)
			continue
		}
		reached = true
		s.tried.Add(1)
		s.alone.Add(1)
	}
	if !reached {
		return campaign.ErrNotReached
	}
	return nil
}

// deal parts every fault at every write into runs. In none of them two are at writes of one object: after the first of them the
// numbers of that object's writes would mean other ones.
func deal(writes []string) [][]disturbance {
	writes = slices.Sorted(slices.Values(writes))
	ofObject, most := map[string]int{}, 0
	for _, write := range writes {
		object, _, _ := strings.Cut(write, "#")
		ofObject[object] += len(rig.WriteFaults)
		most = max(most, ofObject[object])
	}
	all := disturbances(writes)
	n := max(most, (len(all)+together-1)/together) | 1 // an odd number, so that a run has different faults
	hands := make([][]disturbance, n)
	for i, d := range all {
		hands[i%n] = append(hands[i%n], d)
	}
	return slices.DeleteFunc(hands, func(hand []disturbance) bool { return len(hand) == 0 })
}
