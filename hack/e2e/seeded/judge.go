package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const (
	// sample is how many plans of a try are drawn where it says nothing.
	sample = 3
	// seed draws the same plans every time.
	seed = 1
)

// verdict is what became of a bug.
type verdict struct {
	Bug    string   `json:"bug"`
	Stands string   `json:"stands"`
	Caught bool     `json:"caught"`
	Plan   string   `json:"plan,omitempty"`
	By     []string `json:"by,omitempty"`
	// Says is the beginning of what the oracle said.
	Says    string  `json:"says,omitempty"`
	Plans   int     `json:"plans"`
	Seconds float64 `json:"seconds"`
}

func (v *verdict) String() string {
	if !v.Caught {
		return fmt.Sprintf("MISSED %s after %d plans and %.0f s: %s", v.Bug, v.Plans, v.Seconds, v.Says)
	}
	return fmt.Sprintf("caught %s by %s in plan %d, %.0f s: %s", v.Bug, strings.Join(v.By, ", "), v.Plans, v.Seconds, v.Plan)
}

// judge breaks the operator, and tries plans until an oracle says so.
type judge struct {
	campaign.Options
	campaigns []campaign.Campaign
	root      string
	// released is the last release; before the first one it is what was committed last.
	released string
	// overlays and binaries are where broken operators are made.
	overlays, binaries string
}

// attempt is an operator with a bug in it.
type attempt struct {
	bug    *Bug
	binary string
	err    error
}

// attempts builds the operators one after the other, each while the one before is tried.
func (j *judge) attempts(ctx context.Context, bugs []Bug) <-chan attempt {
	built := make(chan attempt)
	go func() {
		defer close(built)
		for i := range bugs {
			a := attempt{bug: &bugs[i], binary: filepath.Join(j.binaries, bugs[i].Name, "stackwright")}
			a.err = j.build(ctx, &a)
			select {
			case built <- a:
			case <-ctx.Done():
				return
			}
		}
	}()
	return built
}

func (j *judge) build(ctx context.Context, a *attempt) error {
	overlay, err := a.bug.Overlay(j.root, j.overlays)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(a.binary), 0o750); err != nil {
		return err
	}
	return rig.Build(ctx, j.root, a.binary, "-overlay", overlay)
}

// try is the verdict on one bug; an error is of what is needed to try it.
func (j *judge) try(ctx context.Context, a attempt) (*verdict, error) {
	if a.err != nil {
		return nil, fmt.Errorf("%s: %w", a.bug.Name, a.err)
	}
	defer os.RemoveAll(filepath.Dir(a.binary))
	begin := time.Now()
	j.Settings.Binary = a.binary
	v := &verdict{Bug: a.bug.Name, Stands: a.bug.Stands, Says: "no plan failed"}
	for _, t := range a.bug.Tries {
		if err := j.run(ctx, a.bug, t, v); err != nil {
			return nil, fmt.Errorf("%s: %w", a.bug.Name, err)
		}
		if v.Caught {
			break
		}
	}
	v.Seconds = time.Since(begin).Seconds()
	return v, nil
}

// run tries some plans. A run that is undisturbed can be the one that fails: then the campaign has no plans.
func (j *judge) run(ctx context.Context, bug *Bug, t Try, v *verdict) error {
	c, err := j.campaign(t.Plans)
	if err != nil {
		return err
	}
	options := j.Options
	options.Only = strings.Replace(t.Plans, "RELEASED", j.released, 1)
	options.Sample, options.Seed, options.Patience = t.Sample, seed, 1
	if options.Sample == 0 {
		options.Sample = sample
	}
	report, err := campaign.Run(ctx, c, options)
	undisturbed, calm := errors.AsType[*campaign.UndisturbedError](err)
	switch {
	case calm && ctx.Err() == nil:
		v.Plans++
		v.found(bug, undisturbed.Plans+" (undisturbed)", err)
		return nil
	case err != nil:
		return err
	case len(report.Results) == 0:
		return fmt.Errorf("no plan begins with %s", options.Only)
	}
	v.Plans += len(report.Results)
	for _, failure := range report.Failures() {
		v.found(bug, failure.Plan, failure.Err)
	}
	return ctx.Err()
}

func (j *judge) campaign(plans string) (campaign.Campaign, error) {
	want, _, _ := strings.Cut(plans, "/")
	for _, c := range j.campaigns {
		if name, _ := c.Name(); name == want {
			return c, nil
		}
	}
	return nil, errors.New("there is no campaign " + want)
}

// found notes a failure. It counts when one of the oracles speaks that should: another one may have failed for another reason.
func (v *verdict) found(bug *Bug, plan string, err error) {
	by := speakers(err.Error())
	v.Says = excerpt(err.Error())
	if slices.ContainsFunc(by, func(o string) bool { return slices.Contains(bug.Oracles, o) }) {
		v.Caught, v.Plan, v.By = true, plan, by
		return
	}
	v.Says = fmt.Sprintf("%s failed by %s only: %s", plan, strings.Join(by, ", "), v.Says)
}

// named finds the oracles that a message names.
var named = regexp.MustCompile(`\((O[0-9]+|D6)\)`)

// speakers are the oracles that a message names, in order.
func speakers(message string) []string {
	var by []string
	for _, match := range named.FindAllStringSubmatch(message, -1) {
		if !slices.Contains(by, match[1]) {
			by = append(by, match[1])
		}
	}
	if len(by) == 0 {
		by = append(by, Expected)
	}
	return by
}

// excerpt is the line in which the first oracle speaks, else the first line.
func excerpt(message string) string {
	lines := strings.Split(message, "\n")
	chosen := lines[0]
	for _, line := range lines {
		if named.MatchString(line) {
			chosen = line
			break
		}
	}
	const most = 400
	if runes := []rune(chosen); len(runes) > most {
		chosen = string(runes[:most]) + "..."
	}
	return chosen
}
