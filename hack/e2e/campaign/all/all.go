// Package all is the one list of campaigns.
package all

import (
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/campaign/outage"
	"github.com/stackwright/stackwright/hack/e2e/campaign/stale"
	"github.com/stackwright/stackwright/hack/e2e/campaign/sweep"
	"github.com/stackwright/stackwright/hack/e2e/campaign/tenant"
	"github.com/stackwright/stackwright/hack/e2e/campaign/upgrade"
)

// Campaigns are all there are, in the order they run. They say what they do by say.
func Campaigns(say func(string, ...any)) []campaign.Campaign {
	return []campaign.Campaign{
		crash.Campaign{Say: say},
		&crash.Series{Say: say},
		tenant.Campaign{Say: say},
		stale.Campaign{Say: say},
		outage.Campaign{Say: say},
		upgrade.Campaign{Say: say},
		sweep.New(say),
	}
}
