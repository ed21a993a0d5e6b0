package main

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// limits of one measurement: an operator that does not get there is reported as it is then.
const (
	startLimit = 2 * time.Minute
	quietLimit = 2 * time.Minute
)

// convergeLimit is how long n stacks may take.
func convergeLimit(n int) time.Duration { return time.Minute + time.Duration(n)*500*time.Millisecond }

// trial is one operator on a control plane of its own.
type trial struct {
	*arena
	o          *options
	s          *subject
	kubeconfig string
	operator   *controlplane.Process
	metrics    *metrics
	stacks     []client.Object
	r          *result
	// busy is when something was last seen to happen, resident the operator's memory before the stacks.
	busy     time.Time
	resident int64
}

// measure runs an operator on n stacks and measures everything that the options ask for.
func measure(ctx context.Context, o *options, s *subject, profile string, n int, deep bool) (*result, error) {
	a, err := newArena(ctx, o.assets, s)
	if err != nil {
		return nil, err
	}
	defer a.Stop()
	t := &trial{arena: a, o: o, s: s, r: &result{Subject: s.name, Profile: profile, Stacks: n}}
	if t.kubeconfig, err = a.Kubeconfig(s.user, ""); err != nil {
		return nil, err
	}
	defer func() { t.operator.Stop() }()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{t.converge}
	if deep {
		steps = append(steps, t.rest, t.change, t.burst, t.restart, t.resync)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("%s, %s: %w", s.name, profile, err)
		}
	}
	return t.r, nil
}

// begin starts the operator and lets it make one stack, which is not measured.
func (t *trial) begin(ctx context.Context) error {
	if err := t.launch(ctx); err != nil {
		return err
	}
	if t.s.settle != nil {
		if err := t.s.settle(ctx, t.admin); err != nil {
			return err
		}
	}
	stack, err := t.s.stack(warmUp)
	if err != nil {
		return err
	}
	if err := t.load.Create(ctx, stack); err != nil {
		return err
	}
	if loud := t.quiet(ctx, 2*t.o.settle, quietLimit); loud {
		t.note("not quiet after the first stack")
	}
	requests, err := t.audit.read()
	t.s.objects = len(only(of(requests, t.s.user), request.created))
	return err
}

// launch starts the operator and waits until it asked something and came to rest.
func (t *trial) launch(ctx context.Context, args ...string) (err error) {
	size := t.audit.size()
	if t.operator, t.metrics, err = t.s.launch(t.Plane, t.kubeconfig, args...); err != nil {
		return err
	}
	err = controlplane.Poll(ctx, 20*time.Millisecond, startLimit, t.s.name+" asks nothing", func(context.Context) (bool, error) {
		return t.audit.size() > size, t.operator.Alive()
	})
	if err == nil {
		t.quiet(ctx, t.o.settle, quietLimit)
	}
	return err
}

// quiet waits until nobody asked anything for a while and no work is queued; it says whether that never came. What it saw
// last stands in busy.
func (t *trial) quiet(ctx context.Context, duration, limit time.Duration) (loud bool) {
	size := t.audit.size()
	t.busy = time.Now()
	err := controlplane.Poll(ctx, 50*time.Millisecond, limit, "not quiet", func(ctx context.Context) (bool, error) {
		if now := t.audit.size(); now != size {
			size, t.busy = now, time.Now()
		}
		if time.Since(t.busy) < duration/2 {
			return false, nil
		}
		if t.working(ctx) {
			t.busy = time.Now()
		}
		return time.Since(t.busy) >= duration, nil
	})
	return err != nil
}

// working says whether the operator has anything in its queues or at work; one that does not tell is taken to be idle.
func (t *trial) working(ctx context.Context) bool {
	if t.metrics == nil {
		return false
	}
	queued, err := t.metrics.sum(ctx, "workqueue_depth")
	if err != nil {
		return true
	}
	active, err := t.metrics.sum(ctx, "controller_runtime_active_workers")
	return err != nil || queued+active > 0
}

// converge creates the stacks and takes the time until the last object existed, by the clock of the API server's audit.
func (t *trial) converge(ctx context.Context) error {
	for i := range t.r.Stacks {
		stack, err := t.s.stack(i)
		if err != nil {
			return err
		}
		t.stacks = append(t.stacks, stack)
	}
	stopProfile := t.profile(ctx)
	before, begin := t.usage(t.operator), time.Now()
	t.resident = t.operator.Resident()
	err := pipeline(len(t.stacks), func(i int) error { return t.load.Create(ctx, t.stacks[i]) })
	if err != nil {
		return err
	}
	if t.quiet(ctx, t.o.settle, convergeLimit(t.r.Stacks)) {
		t.note("never came to rest")
	}
	stopProfile("converge")
	t.r.use(before, t.usage(t.operator))
	if err := t.operator.Alive(); err != nil {
		return err
	}
	requests, err := t.audit.read()
	if err != nil {
		return err
	}
	t.tell(only(of(requests, t.s.user), func(r request) bool { return !r.watch() }), begin)
	t.weigh()
	return nil
}

// weigh notes how much the operator's memory grew.
func (t *trial) weigh() {
	t.r.MemoryPerThousand = mebibytes(t.operator.Resident()-t.resident) * 1000 / float64(t.r.Stacks)
}

// tell sums up what was asked to make the stacks.
func (t *trial) tell(requests []request, begin time.Time) {
	created := only(requests, request.created)
	last := begin
	for _, r := range created {
		if r.at.After(last) {
			last = r.at
		}
	}
	t.r.took(last.Sub(begin))
	t.r.Objects = float64(len(created)) / float64(t.r.Stacks)
	t.r.ask(requests)
	if len(created) != t.s.objects*t.r.Stacks {
		t.note(fmt.Sprintf("made %d objects; %d stacks of %d were expected", len(created), t.r.Stacks, t.s.objects))
	}
}

// rest counts the requests of a time in which nothing happens.
func (t *trial) rest(ctx context.Context) error {
	loud := t.quiet(ctx, t.o.calm, quietLimit)
	w, err := t.watchWindow(ctx, t.o.window)
	if err != nil {
		return err
	}
	w.Loud = loud
	t.weigh() // settled: garbage was collected since
	t.r.Rest = w
	return nil
}

// watchWindow counts requests and passes over a time.
func (t *trial) watchWindow(ctx context.Context, duration time.Duration) (*window, error) {
	if _, err := t.audit.read(); err != nil {
		return nil, err
	}
	passes := t.passes(ctx)
	select {
	case <-time.After(duration): // what is measured is that nothing happens for so long
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	requests, err := t.audit.read()
	if err != nil {
		return nil, err
	}
	asked := only(of(requests, t.s.user), func(r request) bool { return !r.watch() })
	writes := only(asked, request.write)
	return &window{
		Seconds: duration.Seconds(), Writes: len(writes), Reads: len(asked) - len(writes),
		Passes: t.passes(ctx) - passes, By: count(asked),
	}, nil
}

func (t *trial) passes(ctx context.Context) float64 {
	if t.metrics == nil {
		return 0
	}
	passes, _ := t.metrics.sum(ctx, "controller_runtime_reconcile_total")
	return passes
}

func (t *trial) note(text string) { t.r.Notes = append(t.r.Notes, text) }
