package crash

import (
	"context"
	"errors"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Subject is a workload and how it ends undisturbed.
type Subject struct {
	Workload
	Calm *End
}

// Subjects runs undisturbed those workloads of which a campaign is asked for plans; nil means all workloads.
func Subjects(ctx context.Context, lanes []*rig.Lane, name, only string, workloads []Workload, say func(string, ...any)) ([]*Subject, error) {
	if workloads == nil {
		workloads = Workloads()
	}
	var subjects []*Subject
	for _, w := range workloads {
		if campaign.Wanted(name+"/"+w.Name+"/", only) {
			subjects = append(subjects, &Subject{Workload: w})
		}
	}
	return subjects, campaign.Each(ctx, lanes, subjects, func(ctx context.Context, lane *rig.Lane, s *Subject) (err error) {
		s.Calm, err = s.Run(ctx, lane, nil, nil)
		if err = errors.Join(err, lane.Operator.Crashed(), lane.Safety.Check()); err != nil {
			return &campaign.UndisturbedError{Plans: name + "/" + s.Name + "/", Err: err}
		}
		say("%s: %s has %d writes", name, s.Name, len(s.Calm.Writes))
		return nil
	})
}
