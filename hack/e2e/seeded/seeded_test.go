package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const least = 40

// TestBugs: every bug can still be put into the operator, without building it, and has all that the report says of it.
func TestBugs(t *testing.T) {
	bugs := Bugs()
	if len(bugs) < least {
		t.Errorf("there are %d bugs; at least %d should be", len(bugs), least)
	}
	seen := map[string]bool{}
	for i := range bugs {
		bug := &bugs[i]
		if seen[bug.Name] {
			t.Errorf("two bugs are called %s", bug.Name)
		}
		seen[bug.Name] = true
		if bug.Stands == "" || len(bug.Edits) == 0 || len(bug.Tries) == 0 || len(bug.Oracles) == 0 {
			t.Errorf("%s does not say all", bug.Name)
		}
		if _, err := bug.broken(root()); err != nil {
			t.Error(err)
		}
		for _, oracle := range bug.Oracles {
			if oracles[oracle] == "" {
				t.Errorf("%s: there is no oracle %s", bug.Name, oracle)
			}
		}
		for _, try := range bug.Tries {
			if _, err := (&judge{campaigns: campaigns()}).campaign(try.Plans); err != nil {
				t.Errorf("%s: %v", bug.Name, err)
			}
		}
	}
}

func TestOverlay(t *testing.T) {
	folder, tree := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "a.go"), []byte("one two three"), 0o600); err != nil {
		t.Fatal(err)
	}
	bug := &Bug{Name: "b", Edits: []Edit{{"a.go", "one", "1"}, {"a.go", "three", "3"}}}
	path, err := bug.Overlay(tree, folder)
	if err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path) //nolint:gosec // a file of this test
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(content, &overlay); err != nil {
		t.Fatal(err)
	}
	broken, _ := os.ReadFile(overlay.Replace[filepath.Join(tree, "a.go")])
	if string(broken) != "1 two 3" {
		t.Errorf("%q", broken)
	}
	for _, old := range []string{"four", "e"} {
		bug.Edits = []Edit{{"a.go", old, ""}}
		if _, err := bug.Overlay(tree, folder); err == nil {
			t.Errorf("a file that has %q not once was broken", old)
		}
	}
}

func TestSpeakers(t *testing.T) {
	for message, want := range map[string][]string{
		"data safety (O7): claim a\nthe end state (O3)\ndata safety (O7): claim b": {"O7", "O3"},
		"the sets are whole (D6)":         {"D6"},
		"expected: NotGranted\nit is not": {Expected},
	} {
		if by := speakers(message); !slices.Equal(by, want) {
			t.Errorf("%q: %v", message, by)
		}
	}
	if text := excerpt("the plan\ndata safety (O7): claim a"); text != "data safety (O7): claim a" {
		t.Error(text)
	}
}

// TestFound: a failure counts only when an oracle speaks that should.
func TestFound(t *testing.T) {
	bug := &Bug{Oracles: []string{"O7"}}
	v := &verdict{}
	if v.found(bug, "crash/a", errors.New("it does not converge (O1)")); v.Caught || !strings.Contains(v.Says, "crash/a failed by O1 only") {
		t.Errorf("%+v", v)
	}
	if v.found(bug, "crash/b", errors.New("a claim went (O7)")); !v.Caught || v.Plan != "crash/b" {
		t.Errorf("%+v", v)
	}
}

func TestSum(t *testing.T) {
	var verdicts []*verdict
	for range 20 {
		verdicts = append(verdicts, &verdict{Bug: "a", Caught: true})
	}
	verdicts[7].Caught = false
	if err := sum(verdicts); err != nil {
		t.Errorf("19 of 20 are enough: %v", err)
	}
	verdicts[8].Caught = false
	if err := sum(verdicts); err == nil {
		t.Error("18 of 20 are not enough")
	}
}

// nameless is a campaign without plans.
type nameless struct{ campaign.Campaign }

func (nameless) Name() (name, tries string) { return "none", "" }

func (nameless) Prepare(context.Context, []*rig.Lane, string) ([]campaign.Plan, error) {
	return nil, nil
}

func TestCampaign(t *testing.T) {
	j := &judge{campaigns: []campaign.Campaign{nameless{}}}
	if _, err := j.campaign("none/a"); err != nil {
		t.Error(err)
	}
	if _, err := j.campaign("some/a"); err == nil {
		t.Error("a campaign that is not there was found")
	}
}
