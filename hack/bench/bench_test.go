package main

import (
	"os"
	"runtime"
	"strings"
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// budgets are the requests that a stack may cost besides creating its objects. Our promise is 2. A full stack takes more: its
// services write a status each and their anchor once more, and its own status follows them.
var budgets = map[string]float64{"app": 2, "full": 16}

// TestCounts asserts what no clock and no other user of the machine can change: the numbers of requests.
func TestCounts(t *testing.T) {
	if runtime.GOOS != "linux" {
		unavailable(t, "the control plane and /proc need Linux")
	}
	if testing.Short() {
		t.Skip("starts two control planes")
	}
	if os.Getenv(controlplane.AssetsVariable) == "" {
		unavailable(t, controlplane.AssetsVariable+" is not set; run this with "+controlplane.AssetsVariable+"=$(hack/cluster/cluster.sh assets)")
	}
	o, err := parse([]string{"--quick"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.prepare(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	ctrl.SetLogger(zap.New())
	t.Cleanup(controlplane.StopAll)
	for profile, n := range map[string]int{"app": 100, "full": 20} {
		t.Run(profile, func(t *testing.T) {
			r, err := measure(t.Context(), o, stackwright(profile, o.binary, false), profile, n, true)
			if err != nil {
				t.Fatal(err)
			}
			check(t, r)
		})
	}
}

func check(t *testing.T, r *result) {
	t.Logf("%.2f requests and %.2f events for %.0f objects: %s", r.Requests.Total, r.Requests.Events, r.Objects, listing(r.Requests.By, "%.2f"))
	for _, note := range r.Notes {
		t.Errorf("note: %s", note)
	}
	if limit := r.Objects + budgets[r.Profile]; r.Requests.Total > limit {
		t.Errorf("%.2f requests per stack; the limit is %.0f", r.Requests.Total, limit)
	}
	for name := range r.Requests.By {
		if verb, _, _ := strings.Cut(name, " "); verb == "get" || verb == "list" {
			t.Errorf("a read while stacks are made: %s", name)
		}
	}
	if r.Rest.Reads+r.Rest.Writes > 0 || r.Rest.Loud {
		t.Errorf("at rest: %s", listing(r.Rest.By, "%d"))
	}
	if r.Resync.Reads+r.Resync.Writes > 0 {
		t.Errorf("resync: %s", listing(r.Resync.By, "%d"))
	}
	if r.Restart.Writes > 0 || r.Restart.Reads > 0 {
		t.Errorf("restart: %s", listing(r.Restart.By, "%d"))
	}
}

// unavailable skips where the test cannot run, and fails where it has to.
func unavailable(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
