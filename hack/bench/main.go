// Command bench measures the operator on control planes of its own, beside the floor that the API server sets and beside other
// operators. README.md says how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/stackwright/stackwright/hack/controlplane"
)

func main() {
	ctrl.SetLogger(zap.New())
	if len(os.Args) > 1 && os.Args[1] == operatorCommand {
		exit(runOperator(os.Args[2:]))
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o)
	}
	cancel()
	controlplane.StopAll()
	exit(err)
}

func exit(err error) {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func run(ctx context.Context, o *options) error {
	folder, err := os.MkdirTemp("", "stackwright-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := o.prepare(ctx, folder); err != nil {
		return err
	}
	report := newReport()
	for repeat := range o.repeats {
		for _, profile := range o.profiles {
			if err := runProfile(ctx, o, report, profile, repeat); err != nil {
				return err
			}
		}
	}
	report.finish()
	report.print(os.Stdout)
	return report.save(o.json)
}

// runProfile measures every number of stacks of a profile.
func runProfile(ctx context.Context, o *options, report *report, profile string, repeat int) error {
	ours := stackwright(profile, o.binary, o.pprof != "")
	t, err := oneStack(ctx, o, ours)
	if err != nil {
		return err
	}
	b := &bout{o: o, report: report, profile: profile, ours: ours, template: t, subjects: []*subject{ours}}
	if profile == "app" {
		b.subjects = append(b.subjects, peers(report, t)...)
	}
	numbers := o.numbers(profile)
	for i, n := range numbers {
		if err := b.run(ctx, n, repeat, i == len(numbers)-1); err != nil {
			return err
		}
	}
	return nil
}

// bout is one profile with everybody who takes part.
type bout struct {
	o        *options
	report   *report
	profile  string
	ours     *subject
	template *template
	subjects []*subject
}

// run measures the floors, every operator in an order that changes with each repeat, and the floor again.
func (b *bout) run(ctx context.Context, n, repeat int, deep bool) error {
	if err := b.floor(ctx, n, false); err != nil {
		return err
	}
	if err := b.floor(ctx, n, true); err != nil {
		return err
	}
	for j := range b.subjects {
		s := b.subjects[(j+repeat)%len(b.subjects)]
		progress("%s, %d stacks: %s", b.profile, n, s.name)
		r, err := measure(ctx, b.o, s, b.profile, n, deep)
		if err != nil && s != b.ours && ctx.Err() == nil {
			b.report.note("%s: %v", s.name, err)
			continue
		}
		if err != nil {
			return err
		}
		b.add(r)
	}
	return b.floor(ctx, n, false)
}

func (b *bout) floor(ctx context.Context, n int, equivalent bool) error {
	progress("%s, %d stacks: floor (equivalent: %t)", b.profile, n, equivalent)
	r, err := floor(ctx, b.o, b.ours, b.template, n, equivalent)
	if err == nil {
		b.add(r)
	}
	return err
}

func (b *bout) add(r *result) {
	r.Profile = b.profile
	b.report.add(r)
	progress("  %.1f stacks/s, load %s", r.Rate, r.Load)
}

// oneStack lets the operator make one stack and reads what it made.
func oneStack(ctx context.Context, o *options, s *subject) (*template, error) {
	progress("what one stack is made of")
	a, err := newArena(ctx, o.assets, s)
	if err != nil {
		return nil, err
	}
	defer a.Stop()
	t := &trial{arena: a, o: o, s: s, r: &result{}}
	if t.kubeconfig, err = a.Kubeconfig(s.user, ""); err != nil {
		return nil, err
	}
	defer func() { t.operator.Stop() }()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	made, err := capture(ctx, a.admin, warmUp)
	if err == nil && len(made.objects) != s.objects {
		err = fmt.Errorf("the operator created %d objects and %d are found: list all of its kinds in template.go", s.objects, len(made.objects))
	}
	return made, err
}
