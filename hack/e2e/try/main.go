// Command try runs the campaigns: it tries the operator in every way that they know, and says what went against an oracle.
//
//	go run -C hack/e2e ./try                              # every campaign, every plan
//	go run -C hack/e2e ./try --sample 300 crash           # 300 plans of one campaign, drawn by a seed that is printed
//	go run -C hack/e2e ./try --plan 'crash/scale-up/...'  # the plans whose ID begins so
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/all"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

func main() {
	ctrl.SetLogger(logr.Discard())
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	cancel()
	controlplane.StopAll()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "try:", err)
		os.Exit(1)
	}
}

// Say prints one line of progress.
func say(format string, args ...any) {
	fmt.Printf("%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

type options struct {
	campaign.Options
	source, report, overlay string
	journal                 string
	race                    bool
	names                   []string
}

func parse(args []string) (*options, error) {
	o := &options{Options: campaign.Options{Say: say}}
	flags := flag.NewFlagSet("try", flag.ContinueOnError)
	flags.IntVar(&o.Lanes, "lanes", max(2, runtime.NumCPU()), "control planes at once, each with an operator")
	flags.IntVar(&o.Sample, "sample", 0, "how many plans of each campaign are drawn; 0 runs all")
	flags.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "seed of the sample") //nolint:gosec // any number will do
	flags.StringVar(&o.Only, "plan", "", "run the plans whose ID begins so")
	flags.DurationVar(&o.Limit, "limit", 0, "end a campaign after that time")
	flags.IntVar(&o.Patience, "patience", 0, "end a campaign after that many failures; 0 never does")
	shard := flags.String("shard", "", "K/N runs the Kth of N parts of the plans, so that several machines share them")
	flags.StringVar(&o.journal, "journal", "", "leave out the plans that passed according to this file, and add those that pass: a run goes on where it was")
	flags.StringVar(&o.report, "report", "", "append a line of JSON for each campaign to this file")
	flags.StringVar(&o.source, "source", "", "build the operator from this tree instead of the project's")
	flags.StringVar(&o.overlay, "overlay", "", "build the operator with this overlay of go build")
	flags.BoolVar(&o.race, "race", false, "build the operator with the race detector")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *shard != "" {
		if _, err := fmt.Sscanf(*shard, "%d/%d", &o.Shard, &o.Shards); err != nil || o.Shard < 1 || o.Shard > o.Shards {
			return nil, fmt.Errorf("--shard %q is not of the form K/N", *shard)
		}
	}
	o.names = flags.Args()
	if name, _, ok := strings.Cut(o.Only, "/"); ok && len(o.names) == 0 {
		o.names = []string{name}
	}
	return o, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	chosen, err := choose(o)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "stackwright-try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if o.Settings, err = prepare(ctx, o, folder); err != nil {
		return err
	}
	if o.journal != "" {
		if o.Journal, err = campaign.OpenJournal(o.journal); err != nil {
			return err
		}
		defer o.Journal.Close()
	}
	return o.try(ctx, chosen)
}

// try runs campaigns one after the other, and tells how each ended.
func (o *options) try(ctx context.Context, chosen []campaign.Campaign) error {
	failed := 0
	for _, c := range chosen {
		report, err := campaign.Run(ctx, c, o.Options)
		if report != nil {
			failed += len(report.Failures())
			tell(report, o.overlay)
		}
		if err != nil {
			return explained(err, o.overlay)
		}
		if o.report != "" {
			if err := report.Write(o.report); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d plans went against an oracle", failed)
	}
	return ctx.Err()
}

func choose(o *options) ([]campaign.Campaign, error) {
	known := all.Campaigns(say)
	if len(o.names) == 0 {
		return known, nil
	}
	var chosen []campaign.Campaign
	for _, name := range o.names {
		i := slices.IndexFunc(known, func(c campaign.Campaign) bool { is, _ := c.Name(); return is == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no campaign %s", name)
		}
		chosen = append(chosen, known[i])
	}
	return chosen, nil
}

// prepare finds the control plane's programs and builds the operator.
func prepare(ctx context.Context, o *options, folder string) (rig.Settings, error) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	s := rig.Settings{Root: root, Binary: filepath.Join(folder, "stackwright")}
	say("the control plane's programs")
	var err error
	if s.Assets, err = controlplane.Assets(ctx, filepath.Join(root, "hack", "cluster")); err != nil {
		return s, err
	}
	source := root
	if o.source != "" {
		source = o.source
	}
	var args []string
	if o.race {
		args = append(args, "-race")
	}
	if o.overlay != "" {
		args = append(args, "-overlay", o.overlay)
	}
	say("the operator of %s", source)
	return s, rig.Build(ctx, source, s.Binary, args...)
}

func tell(report *campaign.Report, overlay string) {
	say("%s", report)
	for _, failure := range report.Failures() {
		fmt.Printf("\nFAILED %s\n%v\nagain: %s\n", failure.Plan, failure.Err, again(failure.Plan, overlay))
	}
}

// again is the command that runs a plan again.
func again(plan, overlay string) string {
	with := ""
	if overlay != "" {
		with = " --overlay '" + overlay + "'"
	}
	return fmt.Sprintf("go run -C hack/e2e ./try --lanes 1%s --plan '%s'", with, plan)
}

// explained adds to the error of a run that was not even disturbed how to run it again.
func explained(err error, overlay string) error {
	if undisturbed, ok := errors.AsType[*campaign.UndisturbedError](err); ok {
		return fmt.Errorf("%w\nagain: %s", err, again(undisturbed.Plans, overlay))
	}
	return err
}
