package campaign

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Report is how a campaign ended.
type Report struct {
	Campaign, Tries string
	// Plans is how many there are, Results those that were run.
	Plans   int
	Results []Result
	Seed    uint64
	Lanes   int
	Seconds float64
	// Counts are further figures of the campaign's own.
	Counts map[string]int64
}

func (r *Report) failures() int { return r.count((*Result).Failed) }

// Reached is how many plans tried what they were to try.
func (r *Report) Reached() int { return r.count((*Result).Reached) }

func (r *Report) count(is func(*Result) bool) int {
	n := 0
	for i := range r.Results {
		if is(&r.Results[i]) {
			n++
		}
	}
	return n
}

func (r *Result) seenOnce() bool { return r.Once != nil }

// Failures are the results that went against an oracle.
func (r *Report) Failures() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(result Result) bool { return !result.Failed() })
}

// perPlan is how long the median and the longest plan took.
func (r *Report) perPlan() (median, longest float64) {
	if len(r.Results) == 0 {
		return 0, 0
	}
	sorted := slices.SortedFunc(slices.Values(r.Results), func(a, b Result) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return sorted[len(sorted)/2].Seconds, sorted[len(sorted)-1].Seconds
}

// String is the report in one line.
func (r *Report) String() string {
	median, longest := r.perPlan()
	text := fmt.Sprintf("%s: %d of %d plans, %d reached, %d failed, %d seen once; seed %d, %d lanes, %.0f s, a plan %.1f s (longest %.1f s)",
		r.Campaign, len(r.Results), r.Plans, r.Reached(), r.failures(), r.count((*Result).seenOnce), r.Seed, r.Lanes, r.Seconds, median, longest)
	for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
		text += fmt.Sprintf("; %s %d", name, r.Counts[name])
	}
	return text
}

// groups counts results by the second part of their plans' IDs.
func (r *Report) groups() map[string][2]int {
	groups := map[string][2]int{}
	for i := range r.Results {
		parts := strings.Split(r.Results[i].Plan, "/")
		group := parts[min(1, len(parts)-1)]
		n := groups[group]
		n[0]++
		if r.Results[i].Failed() {
			n[1]++
		}
		groups[group] = n
	}
	return groups
}

// Write appends the report to a file as one line of JSON.
func (r *Report) Write(path string) error {
	median, longest := r.perPlan()
	failures := []string{}
	for _, f := range r.Failures() {
		failures = append(failures, f.Plan+": "+f.Err.Error())
	}
	once := []string{}
	for i := range r.Results {
		if r.Results[i].seenOnce() {
			once = append(once, r.Results[i].Plan+": "+r.Results[i].Once.Error())
		}
	}
	line, err := json.Marshal(map[string]any{
		"seenOnce": once,
		"campaign": r.Campaign, "tries": r.Tries, "plans": r.Plans, "run": len(r.Results), "reached": r.Reached(), "failures": failures,
		"seed": r.Seed, "lanes": r.Lanes, "seconds": r.Seconds, "median": median, "longest": longest, "groups": r.groups(), "counts": r.Counts,
	})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // a report is for everybody
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Close()
}
