package main

import (
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/campaign/stale"
)

// campaigns are all there are, in the order they run.
func campaigns(say func(string, ...any)) []campaign.Campaign {
	return []campaign.Campaign{
		crash.Campaign{Say: say},
		stale.Campaign{Say: say},
	}
}
