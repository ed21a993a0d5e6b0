package status

import (
	"testing"
	"time"
)

func TestScheduleIsDue(t *testing.T) {
	const form = "Mon 2006-01-02 15:04 -0700"
	begin := time.Date(2026, time.November, 23, 16, 7, 30, 0, time.UTC) // a Monday
	for _, c := range []struct{ schedule, zone, want string }{
		{"* * * * *", "", "Mon 2026-11-23 16:08 +0000"},
		{"*/15 * * * *", "", "Mon 2026-11-23 16:15 +0000"},
		{"7 * * * *", "", "Mon 2026-11-23 17:07 +0000"},
		{"0 2 * * *", "", "Tue 2026-11-24 02:00 +0000"},
		{"0 2 * * *", "Europe/Madrid", "Tue 2026-11-24 01:00 +0000"},
		{"30 2 * * 0", "", "Sun 2026-11-29 02:30 +0000"},
		{"0 9-17/4 * * mon-fri", "", "Mon 2026-11-23 17:00 +0000"},
		{"0 8 * * TUE,THU", "", "Tue 2026-11-24 08:00 +0000"},
		{"0 0 1 * *", "", "Tue 2026-12-01 00:00 +0000"},
		{"0 0 29 2 *", "", "Tue 2028-02-29 00:00 +0000"},
		{"0 0 13 * 5", "", "Fri 2026-11-27 00:00 +0000"},
		{"0 0 */13 * 5", "", "Fri 2026-11-27 00:00 +0000"},
		{"0 0 1 JAN *", "", "Fri 2027-01-01 00:00 +0000"},
		{"@hourly", "", "Mon 2026-11-23 17:00 +0000"},
		{"@weekly", "", "Sun 2026-11-29 00:00 +0000"},
		{"@yearly", "", "Fri 2027-01-01 00:00 +0000"},
		{"0 0 31 2 *", "", ""},
	} {
		s, ok := parseSchedule(c.schedule, c.zone)
		if !ok {
			t.Errorf("%s cannot be read", c.schedule)
			continue
		}
		got := ""
		if next := s.Next(begin); !next.IsZero() {
			got = next.Format(form)
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.schedule, c.zone, got, c.want)
		}
	}
	for _, text := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *", "@often", "1-x * * * *", "30 2 * * 7"} {
		if _, ok := parseSchedule(text, ""); ok {
			t.Errorf("%q is taken for a schedule", text)
		}
	}
}
