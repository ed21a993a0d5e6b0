package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// options say what is measured.
type options struct {
	stacks     []int
	fullStacks int
	profiles   []string
	repeats    int
	json       string
	pprof      string
	// pprofSeconds is the length of a CPU profile.
	pprofSeconds int
	// assets is the folder of etcd and kube-apiserver, binary the operator.
	assets, binary string
	// resync is how often the operator looks at everything again while that is measured.
	resync time.Duration
	// settle is how long nobody may ask anything for something to be over, calm the same for the rest, window how long the rest
	// is watched.
	settle, calm, window time.Duration
	samples              int
}

func parse(args []string) (*options, error) {
	o := &options{settle: 3 * time.Second, calm: 30 * time.Second, window: 20 * time.Second, resync: 15 * time.Second, samples: 200}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	stacks := flags.String("stacks", "200,1000", "numbers of app-tier stacks")
	flags.IntVar(&o.fullStacks, "full-stacks", 200, "number of full stacks")
	names := flags.String("profiles", "app,full", "stacks that are measured: app, full")
	flags.IntVar(&o.repeats, "repeats", 1, "how often everything is measured; each time is a row")
	flags.StringVar(&o.json, "json", "", "file that gets every figure")
	flags.StringVar(&o.pprof, "pprof", "", "folder that gets profiles of the operator, which then runs inside a copy of this program")
	flags.IntVar(&o.pprofSeconds, "pprof-seconds", 10, "length of a CPU profile")
	quick := flags.Bool("quick", false, "few stacks and short waits: counts are right, rates are not")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *quick {
		o.hurry()
		given := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		if !given["stacks"] {
			*stacks = "100"
		}
		if !given["full-stacks"] {
			o.fullStacks = 20
		}
	}
	for _, name := range strings.Split(*names, ",") {
		if _, known := profiles[name]; !known {
			return nil, fmt.Errorf("no profile %q", name)
		}
		o.profiles = append(o.profiles, name)
	}
	for _, text := range strings.Split(*stacks, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number >= warmUp {
			return nil, fmt.Errorf("%q is not a number of stacks", text)
		}
		o.stacks = append(o.stacks, number)
	}
	slices.Sort(o.stacks)
	return o, nil
}

// hurry shortens every wait.
func (o *options) hurry() {
	o.settle, o.calm, o.window, o.resync, o.samples = 2*time.Second, 3*time.Second, 5*time.Second, 5*time.Second, 20
}

// prepare finds or builds the programs.
func (o *options) prepare(ctx context.Context, folder string) (err error) {
	progress("the control plane's binaries")
	if o.assets, err = controlplane.Assets(ctx, "../cluster"); err != nil {
		return err
	}
	if o.pprof != "" {
		if err := os.MkdirAll(o.pprof, 0o755); err != nil {
			return err
		}
		o.binary, err = os.Executable()
		return err
	}
	progress("the operator")
	o.binary, err = build(ctx, folder)
	return err
}

// numbers are the numbers of stacks of a profile.
func (o *options) numbers(profile string) []int {
	if profile == "full" {
		return []int{o.fullStacks}
	}
	return o.stacks
}

var began = time.Now()

// progress tells what is being done.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}
