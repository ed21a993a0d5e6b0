// Package campaign runs plans on lanes of the rig and tells how they ended.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Plan is one thing that is tried on a lane.
type Plan struct {
	// ID names the plan so that it can be run again: CAMPAIGN/....
	ID string
	// Run returns what went against an oracle, or ErrNotReached. It leaves the lane calm.
	Run func(ctx context.Context, lane *rig.Lane) error
}

// ErrNotReached says that what a plan was to disturb did not happen in this run: nothing was tried.
var ErrNotReached = errors.New("not reached")

// Campaign makes plans.
type Campaign interface {
	// Name is the first part of the plans' IDs, and what it tries in a few words.
	Name() (name, tries string)
	// Prepare makes the runs that others are compared with, on lanes that are all its own, and returns the plans whose ID may
	// begin with only, in a fixed order.
	Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]Plan, error)
}

// Counter is a campaign that has figures of its own for the report, after its plans were run.
type Counter interface {
	Counts() map[string]int64
}

// Result is how one plan ended.
type Result struct {
	Plan string
	Err  error
	// Once is what went against an oracle and did not when the plan was run again.
	Once    error
	Seconds float64
}

// Reached says whether the plan tried what it was to try.
func (r *Result) Reached() bool { return !errors.Is(r.Err, ErrNotReached) }

// Failed says whether an oracle was violated.
func (r *Result) Failed() bool { return r.Err != nil && r.Reached() }

// Options of a run.
type Options struct {
	Settings rig.Settings
	// Lanes is how many plans run at once.
	Lanes int
	// Shard is which of Shards parts of the plans is run, from 1 on; 0 runs all of them. A plan is in the same part everywhere.
	Shard, Shards int
	// Sample is how many plans are drawn; 0 takes all.
	Sample int
	// Seed of the sample.
	Seed uint64
	// Only runs the plans whose ID starts with this.
	Only string
	// Limit ends the run after that time with the plans that were run by then; 0 is no limit.
	Limit time.Duration
	// Confirm runs a plan that failed that many times again; when it never fails again, it is told as seen once. What concerns data,
	// authority or a crash is a failure at once.
	Confirm int
	// Patience stops a run after that many failures; 0 never does.
	Patience int
	// Journal has the plans that need not be run, and takes down those that are; nil: none.
	Journal *Journal
	// Say prints progress.
	Say func(format string, args ...any)
}

// Run runs a campaign and returns the results of its plans.
func Run(ctx context.Context, c Campaign, o Options) (*Report, error) {
	name, tries := c.Name()
	begin := time.Now()
	lanes, err := startLanes(ctx, o)
	defer func() {
		for _, lane := range lanes {
			lane.Stop()
		}
	}()
	if err != nil {
		return nil, err
	}
	o.Say("%s: %d lanes after %s; undisturbed runs", name, len(lanes), since(begin))
	plans, err := c.Prepare(ctx, lanes, o.Only)
	if err != nil {
		return nil, fmt.Errorf("%s: undisturbed runs: %w", name, err)
	}
	report := &Report{Campaign: name, Tries: tries, Plans: len(plans), Seed: o.Seed, Lanes: len(lanes)}
	drawn, ended := o.Journal.pick(draw(plans, o))
	report.Results = ended
	o.Say("%s: %d of %d plans, %d of them before, seed %d, after %s", name, len(drawn)+len(ended), len(plans), len(ended), o.Seed, since(begin))
	r := &runner{Options: o, name: name, report: report, todo: drawn, total: len(drawn) + len(ended), begin: time.Now()}
	var group sync.WaitGroup
	for i, lane := range lanes {
		group.Go(func() { r.work(ctx, i, lane) })
	}
	group.Wait()
	report.Seconds = time.Since(begin).Seconds()
	if counter, ok := c.(Counter); ok {
		report.Counts = counter.Counts()
	}
	return report, r.failed
}

// Wanted says whether plans whose IDs begin with prefix may be among those that are asked for.
func Wanted(prefix, only string) bool {
	return strings.HasPrefix(prefix, only) || strings.HasPrefix(only, prefix)
}

// Each calls do with every item, on all lanes at once, and returns the first error.
func Each[T any](ctx context.Context, lanes []*rig.Lane, items []T, do func(context.Context, *rig.Lane, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan T)
	var group sync.WaitGroup
	for _, lane := range lanes {
		group.Go(func() {
			for item := range todo {
				if err := do(ctx, lane, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		select {
		case todo <- item:
		case <-ctx.Done():
		}
	}
	close(todo)
	group.Wait()
	return context.Cause(ctx)
}

func since(begin time.Time) time.Duration { return time.Since(begin).Round(time.Second) }

func startLanes(ctx context.Context, o Options) ([]*rig.Lane, error) {
	lanes, errs := make([]*rig.Lane, max(1, o.Lanes)), make([]error, max(1, o.Lanes))
	var group sync.WaitGroup
	for i := range lanes {
		group.Go(func() { lanes[i], errs[i] = rig.Start(ctx, o.Settings) })
	}
	group.Wait()
	return slices.DeleteFunc(lanes, func(l *rig.Lane) bool { return l == nil }), errors.Join(errs...)
}

// draw takes the plans that are asked for, in an order that the seed gives.
func draw(plans []Plan, o Options) []Plan {
	chosen := slices.DeleteFunc(slices.Clone(plans), func(p Plan) bool { return !strings.HasPrefix(p.ID, o.Only) || !o.mine(p.ID) })
	if o.Sample > 0 {
		random := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // a sample that can be drawn again
		random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:min(len(chosen), o.Sample)]
	}
	return chosen
}

// mine says whether a plan is in the part that is run.
func (o *Options) mine(id string) bool {
	if o.Shards < 2 {
		return true
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id))                          // a hash takes everything
	return int(hash.Sum32()%uint32(o.Shards)) == o.Shard-1 //nolint:gosec // the number of parts is small
}

// runner hands plans to lanes.
type runner struct {
	Options
	name  string
	total int
	begin time.Time

	mutex  sync.Mutex
	todo   []Plan
	report *Report
	said   time.Time
	failed error
}

func (r *runner) next(ctx context.Context) *Plan {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	late := r.Limit > 0 && time.Since(r.begin) > r.Limit
	enough := r.Patience > 0 && r.report.failures() >= r.Patience
	if len(r.todo) == 0 || late || enough || ctx.Err() != nil || r.failed != nil {
		return nil
	}
	plan := r.todo[0]
	r.todo = r.todo[1:]
	return &plan
}

// work runs plans on a lane until there are none. A lane that cannot be calmed is replaced.
func (r *runner) work(ctx context.Context, number int, lane *rig.Lane) {
	own := lane
	defer func() {
		if own != lane {
			own.Stop()
		}
	}()
	for plan := r.next(ctx); plan != nil; plan = r.next(ctx) {
		began := time.Now()
		err, calmed := attempt(ctx, own, plan)
		result := Result{Plan: plan.ID, Err: err}
		if calmed == nil && result.Failed() && !grave(err) {
			calmed = r.confirm(ctx, own, plan, &result)
		}
		result.Seconds = time.Since(began).Seconds()
		r.done(result)
		if calmed == nil {
			continue
		}
		r.Say("%s: lane %d is made anew: %v", r.name, number, calmed)
		own.Stop()
		fresh, err := rig.Start(ctx, r.Settings)
		if err != nil {
			r.mutex.Lock()
			r.failed = err
			r.mutex.Unlock()
			return
		}
		own = fresh
	}
}

// attempt runs a plan once. It returns what went against an oracle, and apart from that whether the lane can be used on.
func attempt(ctx context.Context, lane *rig.Lane, plan *Plan) (failure, calmed error) {
	err := plan.Run(ctx, lane)
	calmed = errors.Join(lane.Calm(ctx), lane.Operator.Crashed())
	return judged(err, errors.Join(calmed, lane.Safety.Check())), calmed
}

// judged adds to how a plan ended what the oracles say that are always on. They count even where the plan tried nothing.
func judged(err, always error) error {
	if always != nil && errors.Is(err, ErrNotReached) {
		return always
	}
	return errors.Join(err, always)
}

// confirm runs a plan again that failed.
func (r *runner) confirm(ctx context.Context, lane *rig.Lane, plan *Plan, result *Result) error {
	for range r.Confirm {
		err, calmed := attempt(ctx, lane, plan)
		if err != nil || calmed != nil { // a run that tried nothing speaks for nobody
			result.Err = judged(err, result.Err)
			return calmed
		}
	}
	if r.Confirm > 0 {
		result.Once, result.Err = result.Err, nil
	}
	return nil
}

// grave says whether a failure is one even if it never comes again.
func grave(err error) bool {
	for _, oracle := range []string{"(O6)", "(O7)", "(O9)", "(O10)", "crashed"} {
		if strings.Contains(err.Error(), oracle) {
			return true
		}
	}
	return false
}

func (r *runner) done(result Result) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.report.Results = append(r.report.Results, result)
	if err := r.Journal.note(&result); err != nil && r.failed == nil {
		r.failed = err
	}
	if result.Failed() {
		r.Say("%s: FAILED %s (%.1f s)\n%v", r.name, result.Plan, result.Seconds, result.Err)
	}
	if result.Once != nil {
		r.Say("%s: SEEN ONCE in %d runs: %s\n%v", r.name, 1+r.Confirm, result.Plan, result.Once)
	}
	if time.Since(r.said) > 15*time.Second {
		r.said = time.Now()
		r.Say("%s: %d of %d plans after %s, %d failed", r.name, len(r.report.Results), r.total, since(r.begin), r.report.failures())
	}
}
