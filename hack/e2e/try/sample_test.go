package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/all"
)

// seedVariable names the seed of the samples; without it another one is drawn for every run.
const seedVariable = "STACKWRIGHT_SEED"

// TestSamples tries a sample of the plans of every campaign. The seed is printed; what failed says how to run it again.
func TestSamples(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	if os.Getenv(controlplane.AssetsVariable) == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not set", controlplane.AssetsVariable)
		}
		t.Skipf("%s is not set; run this with %[1]s=$(hack/cluster/cluster.sh assets)", controlplane.AssetsVariable)
	}
	t.Cleanup(controlplane.StopAll)
	o := &options{Options: campaign.Options{Seed: seed(t), Lanes: runtime.NumCPU() + 1, Patience: 5, Say: say}}
	o.overlay = os.Getenv("STACKWRIGHT_OVERLAY")
	var err error
	if o.Settings, err = prepare(t.Context(), o, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, c := range all.Campaigns(say) {
		name, _ := c.Name()
		t.Run(name, func(t *testing.T) {
			sample := o.Options
			sample.Sample, sample.Limit, sample.Only = samples[name].plans, samples[name].limit, samples[name].only
			sample.Confirm = 2
			report, err := campaign.Run(t.Context(), c, sample)
			if err != nil {
				t.Fatal(explained(err, o.overlay))
			}
			tell(report, o.overlay)
			for _, failure := range report.Failures() {
				t.Errorf("%s\n%v\nagain: %s", failure.Plan, failure.Err, again(failure.Plan, o.overlay))
			}
			if least := samples[name].least; !t.Failed() && report.Reached() < least {
				t.Errorf("only %d plans tried something; at least %d should", report.Reached(), least)
			}
			if path := os.Getenv("STACKWRIGHT_REPORT"); path != "" {
				if err := report.Write(filepath.Clean(path)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func seed(t *testing.T) uint64 {
	text := os.Getenv(seedVariable)
	if text == "" {
		text = fmt.Sprint(rand.Uint64() >> 16) //nolint:gosec // a sample need not be a secret
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	say("the same samples again: %s=%d", seedVariable, seed)
	return seed
}

// samples say how many plans of a campaign are drawn, for how long at most, and how many have to be tried at least: a machine that
// is much slower tries fewer.
var samples = map[string]struct {
	plans, least int
	limit        time.Duration
	only         string
}{
	"crash":   {plans: 300, least: 100, limit: 12 * time.Minute},
	"series":  {plans: 8, least: 2, limit: time.Minute},
	"tenant":  {plans: 70, least: 20, limit: 90 * time.Second},
	"stale":   {plans: 30, least: 5, limit: 90 * time.Second},
	"outage":  {plans: 4, least: 1, limit: time.Minute},
	"upgrade": {plans: 1, least: 1, limit: time.Minute},
	"sweep":   {plans: 200, least: 50, limit: 90 * time.Second, only: "sweep/refuse/"}, // live edits: make campaign
}
