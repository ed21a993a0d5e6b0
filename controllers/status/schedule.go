package status

import (
	"cmp"
	"time"

	"github.com/robfig/cron/v3"
)

// parseSchedule reads a schedule with the library by which Kubernetes runs CronJobs, so that both say the same of when one is due;
// false: it cannot be read. A time zone that is not known here is taken for UTC.
func parseSchedule(text, zone string) (cron.Schedule, bool) {
	if _, err := time.LoadLocation(zone); err != nil {
		zone = ""
	}
	schedule, err := cron.ParseStandard("CRON_TZ=" + cmp.Or(zone, "UTC") + " " + text)
	return schedule, err == nil
}
