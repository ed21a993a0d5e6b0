// Command seeded tests the tests: it puts mistakes that operators made into this one, one at a time, and looks which oracle says so.
// The tree is not changed: a broken operator is built with an overlay.
//
//	go run -C hack/e2e ./seeded                                    # every bug
//	go run -C hack/e2e ./seeded --only error-swallowed             # one
//	go run -C hack/e2e ./seeded --print-overlay error-swallowed    # for STACKWRIGHT_OVERLAY, or --overlay of ./try
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
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

// bar is how many percent of the bugs have to be caught.
const bar = 95

func main() {
	ctrl.SetLogger(logr.Discard())
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	cancel()
	controlplane.StopAll()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "seeded:", err)
		os.Exit(1)
	}
}

func say(format string, args ...any) {
	fmt.Printf("%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("seeded", flag.ContinueOnError)
	lanes := flags.Int("lanes", 1, "control planes at once")
	only := flags.String("only", "", "try these bugs alone, separated by commas")
	report := flags.String("report", "", "append a line of JSON for each bug to this file")
	overlay := flags.String("print-overlay", "", "write the overlay of a bug, print its path, and do nothing else")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *overlay != "" {
		return printOverlay(*overlay)
	}
	bugs, err := choose(*only)
	if err != nil {
		return err
	}
	j, done, err := newJudge(ctx, *lanes)
	if err != nil {
		return err
	}
	defer done()
	verdicts, err := j.all(ctx, bugs, *report)
	return errors.Join(err, sum(verdicts))
}

// root is the project's.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// released is the version that the campaign of upgrades begins with.
func released(ctx context.Context, root string) (string, error) {
	tags, err := exec.CommandContext(ctx, "git", "-C", root, "tag", "--list", "v*", "--sort=-version:refname").Output()
	if err != nil {
		return "", fmt.Errorf("the released versions: %w", err)
	}
	return append(strings.Fields(string(tags)), "HEAD")[0], nil
}

// overlays is where the files of broken operators are kept.
func overlays() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "stackwright", "seeded"), err
}

func printOverlay(name string) error {
	bug, err := Find(name)
	if err != nil {
		return err
	}
	folder, err := overlays()
	if err != nil {
		return err
	}
	path, err := bug.Overlay(root(), folder)
	if err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}

func choose(only string) ([]Bug, error) {
	if only == "" {
		return Bugs(), nil
	}
	var bugs []Bug
	for name := range strings.SplitSeq(only, ",") {
		bug, err := Find(name)
		if err != nil {
			return nil, err
		}
		bugs = append(bugs, *bug)
	}
	return bugs, nil
}

func campaigns() []campaign.Campaign { return all.Campaigns(func(string, ...any) {}) }

func newJudge(ctx context.Context, lanes int) (_ *judge, done func(), err error) {
	j := &judge{root: root(), campaigns: campaigns()}
	j.Lanes, j.Say = lanes, func(string, ...any) {}
	if j.overlays, err = overlays(); err != nil {
		return nil, nil, err
	}
	if j.released, err = released(ctx, j.root); err != nil {
		return nil, nil, err
	}
	j.Settings = rig.Settings{Root: j.root}
	if j.Settings.Assets, err = controlplane.Assets(ctx, filepath.Join(j.root, "hack", "cluster")); err != nil {
		return nil, nil, err
	}
	if j.binaries, err = os.MkdirTemp("", "stackwright-seeded-"); err != nil {
		return nil, nil, err
	}
	return j, func() { _ = os.RemoveAll(j.binaries) }, nil
}

// all tries bugs one after the other. One that cannot be tried counts for neither side, and is an error in the end.
func (j *judge) all(ctx context.Context, bugs []Bug, report string) ([]*verdict, error) {
	var verdicts []*verdict
	var errs []error
	i := 0
	for a := range j.attempts(ctx, bugs) {
		i++
		v, err := j.try(ctx, a)
		if err != nil {
			say("%d/%d %v", i, len(bugs), err)
			errs = append(errs, err)
			continue
		}
		say("%d/%d %s\n          %s", i, len(bugs), v, v.Says)
		if err := v.append(report); err != nil {
			return nil, err
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, errors.Join(append(errs, ctx.Err())...)
}

func (v *verdict) append(path string) error {
	if path == "" {
		return nil
	}
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // a report is for everybody
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// sum says how many were caught, and fails below the bar.
func sum(verdicts []*verdict) error {
	caught, missed := 0, []string{}
	for _, v := range verdicts {
		if v.Caught {
			caught++
		} else {
			missed = append(missed, v.Bug)
		}
	}
	percent := 100 * float64(caught) / float64(max(1, len(verdicts)))
	say("%d of %d bugs caught: %.1f %%", caught, len(verdicts), percent)
	if percent < bar {
		return fmt.Errorf("missed %s; at least %d %% have to be caught", strings.Join(missed, ", "), bar)
	}
	return nil
}
