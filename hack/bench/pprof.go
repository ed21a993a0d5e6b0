package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
)

// profile collects a CPU profile of the operator until it is stopped, when the options ask for that.
func (t *trial) profile(ctx context.Context) func(phase string) {
	if t.o.pprof == "" || t.metrics == nil || t.metrics.debug == "" {
		return func(string) {}
	}
	file := func(phase, kind string) string {
		return filepath.Join(t.o.pprof, fmt.Sprintf("%s-%s-%d-%s.%s.pprof", t.s.name, t.r.Profile, t.r.Stacks, phase, kind))
	}
	var group sync.WaitGroup
	cpu := file("running", "cpu")
	group.Go(func() {
		if err := t.metrics.save(ctx, fmt.Sprintf("profile?seconds=%d", t.o.pprofSeconds), cpu); err != nil {
			progress("no CPU profile: %v", err)
		}
	})
	return func(phase string) {
		group.Wait()
		for query, kind := range map[string]string{"heap?gc=1": "heap", "allocs": "allocs"} {
			if err := t.metrics.save(ctx, query, file(phase, kind)); err != nil {
				progress("no %s profile: %v", kind, err)
			}
		}
	}
}
