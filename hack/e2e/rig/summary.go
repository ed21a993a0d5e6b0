package rig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Summary is what the operator wrote: how often each object was created, deleted and changed.
type Summary struct {
	Creates, Deletes map[string]int
	Writes, Requests int
}

// Summary counts what the operator did since a mark.
func (w *World) Summary(mark int) Summary {
	s := Summary{Creates: map[string]int{}, Deletes: map[string]int{}}
	for _, r := range w.Proxy.Since(mark) {
		if !w.Has(r.Namespace) {
			continue
		}
		s.Requests++
		if !r.Write() {
			continue
		}
		s.Writes++
		done := r.Status >= 200 && r.Status < 300
		switch name := w.Masked(r.Object()); {
		case done && r.Verb == "create" && r.Subresource == "":
			s.Creates[name]++
		case done && r.Verb == "delete":
			s.Deletes[name]++
		}
	}
	return s
}

// Events counts by resource what the operator's watches were sent of the world since a mark.
func (w *World) Events(mark int) map[string]int {
	counts := map[string]int{}
	for _, event := range w.Proxy.EventsSince(mark) {
		if w.Has(event.Namespace) {
			counts[event.Resource]++
		}
	}
	return counts
}

// Exceeds is O8: it says where more or something else was created and deleted than in the undisturbed run, or where much more was
// asked. Credential sets may be made more often: one whose making was disturbed is burnt, and goes. Whatever is named by its
// content may come and go as often as that content changes on the way; what is left of it must be equal.
func (s Summary) Exceeds(want Summary) error {
	var problems []string
	mine, undisturbed := s.settled(), want.settled()
	problems = append(problems, compareCounts("created", mine.Creates, undisturbed.Creates)...)
	problems = append(problems, compareCounts("deleted", mine.Deletes, undisturbed.Deletes)...)
	if most := 2*want.Writes + 25; s.Writes > most {
		problems = append(problems, fmt.Sprintf("%d writes, undisturbed %d", s.Writes, want.Writes))
	}
	if most := 3*want.Requests + 120; s.Requests > most {
		problems = append(problems, fmt.Sprintf("%d requests, undisturbed %d", s.Requests, want.Requests))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the operator did other things than in the undisturbed run (O8): %s", strings.Join(problems, "; "))
}

// settled leaves out credential sets, and of what is named by its content takes the difference of creations and deletions.
func (s Summary) settled() Summary {
	result := Summary{Creates: map[string]int{}, Deletes: maps.Clone(s.Deletes)}
	for name, n := range s.Creates {
		if twin := "delete" + strings.TrimPrefix(name, "create"); strings.HasSuffix(name, "-HASH") {
			n -= result.Deletes[twin]
			delete(result.Deletes, twin)
		}
		result.Creates[name] = n
	}
	for _, counts := range []map[string]int{result.Creates, result.Deletes} {
		maps.DeleteFunc(counts, func(name string, n int) bool { return n == 0 || strings.Contains(name, "-vN-random") })
	}
	return result
}

// Beyond is O8 for runs in which answers got lost, so that what was done cannot be counted: it says what was created or deleted
// more often than in the undisturbed run. What is named by its content is left to the comparison of the end states.
func (s Summary) Beyond(want Summary) error {
	s, want = s.settled(), want.settled()
	for _, counts := range []map[string]int{s.Creates, s.Deletes} {
		maps.DeleteFunc(counts, func(name string, _ int) bool { return strings.HasSuffix(name, "-HASH") })
	}
	problems := append(compareCounts("created", exceeding(s.Creates, want.Creates), want.Creates),
		compareCounts("deleted", exceeding(s.Deletes, want.Deletes), want.Deletes)...)
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the operator did more than in the undisturbed run (O8): %s", strings.Join(problems, "; "))
}

// exceeding raises what was counted to what was wanted at least.
func exceeding(got, want map[string]int) map[string]int {
	raised := maps.Clone(want)
	for name, n := range got {
		raised[name] = max(n, want[name])
	}
	return raised
}

func compareCounts(what string, got, want map[string]int) []string {
	var problems []string
	all := maps.Clone(got)
	maps.Copy(all, want)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if got[name] != want[name] {
			problems = append(problems, fmt.Sprintf("%s was %s %d times, undisturbed %d", name, what, got[name], want[name]))
		}
	}
	return problems
}

// Written is O9: everything that the operator wrote since a mark is in the world's namespaces.
func (w *World) Written(mark int) error {
	for _, r := range w.Proxy.Since(mark) {
		if r.Write() && !slices.Contains(w.Namespaces(), r.Namespace) && !w.closed(r.Namespace) {
			return fmt.Errorf("the operator wrote outside of the plan's namespaces (O9): %s", r.String())
		}
	}
	return nil
}

// closed says whether a namespace is that of an earlier plan, which is going.
func (w *World) closed(namespace string) bool {
	w.Safety.mutex.Lock()
	defer w.Safety.mutex.Unlock()
	return w.Safety.forgotten[namespace]
}
