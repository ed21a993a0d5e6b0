package campaign

import (
	"errors"
	"fmt"
	"testing"
)

// TestDraw: the parts of a campaign are all of it, each plan once, and a seed draws the same sample again.
func TestDraw(t *testing.T) {
	var plans []Plan
	for i := range 500 {
		plans = append(plans, Plan{ID: fmt.Sprintf("crash/scale-up/409/write#%d", i)})
	}
	seen := map[string]int{}
	for shard := range 3 {
		part := draw(plans, Options{Shard: shard + 1, Shards: 3})
		if len(part) < 100 {
			t.Errorf("part %d has %d plans", shard+1, len(part))
		}
		for _, plan := range part {
			seen[plan.ID]++
		}
	}
	for _, plan := range plans {
		if seen[plan.ID] != 1 {
			t.Errorf("%s is in %d parts", plan.ID, seen[plan.ID])
		}
	}
	first, again := draw(plans, Options{Sample: 20, Seed: 7}), draw(plans, Options{Sample: 20, Seed: 7})
	other := draw(plans, Options{Sample: 20, Seed: 8})
	same := 0
	for i := range first {
		if first[i].ID != again[i].ID {
			t.Errorf("the sample changed: %s, %s", first[i].ID, again[i].ID)
		}
		if first[i].ID == other[i].ID {
			same++
		}
	}
	if len(first) != 20 || same == 20 {
		t.Errorf("%d plans, %d of them for another seed too", len(first), same)
	}
	if only := draw(plans, Options{Only: "crash/scale-up/409/write#49"}); len(only) != 11 {
		t.Errorf("%d plans begin so", len(only))
	}
}

// TestOraclesCountWhereNothingWasTried: what is always on is no less true because a plan did not get to its fault.
func TestOraclesCountWhereNothingWasTried(t *testing.T) {
	lost := errors.New("data safety (O7): a claim was deleted")
	for _, c := range []struct {
		err, always     error
		reached, failed bool
	}{
		{nil, nil, true, false}, {ErrNotReached, nil, false, false}, {ErrNotReached, lost, true, true},
		{nil, lost, true, true}, {errors.New("(O3)"), lost, true, true},
	} {
		result := Result{Err: judged(c.err, c.always)}
		if result.Reached() != c.reached || result.Failed() != c.failed {
			t.Errorf("%v with %v: reached %v, failed %v", c.err, c.always, result.Reached(), result.Failed())
		}
	}
}
