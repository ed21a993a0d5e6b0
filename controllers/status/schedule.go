package status

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// schedule says when a CronJob is due: for each field of cron the numbers that it takes, as bits.
type schedule struct {
	minutes, hours, days, months, weekdays uint64
	// either says that a day of the month or one of the week is enough: both are named.
	either bool
	zone   *time.Location
}

var shorthands = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
}

const (
	monthNames   = "jan feb mar apr may jun jul aug sep oct nov dec"
	weekdayNames = "sun mon tue wed thu fri sat"
)

// parseSchedule reads what Kubernetes takes for a schedule; false: it cannot be read here. An unknown time zone is UTC.
func parseSchedule(text, zone string) (schedule, bool) {
	fields := strings.Fields(cmp.Or(shorthands[text], text))
	if len(fields) != 5 {
		return schedule{}, false
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	result := schedule{zone: location, either: named(fields[2]) && named(fields[4])}
	for i, f := range []struct {
		bits      *uint64
		low, high int
		names     string
	}{
		{&result.minutes, 0, 59, ""}, {&result.hours, 0, 23, ""}, {&result.days, 1, 31, ""}, {&result.months, 1, 12, monthNames}, {&result.weekdays, 0, 7, weekdayNames},
	} {
		for part := range strings.SplitSeq(strings.ToLower(fields[i]), ",") {
			bits, ok := span(part, f.low, f.high, strings.Fields(f.names))
			if !ok {
				return schedule{}, false
			}
			*f.bits |= bits
		}
	}
	if result.weekdays&(1<<7) != 0 { // Sunday has two numbers
		result.weekdays |= 1
	}
	return result, true
}

// named says whether a field names days. One that begins with a star does not.
func named(field string) bool { return !strings.HasPrefix(field, "*") }

// span are the numbers of a part of a field, such as 5, 1-5, mon-fri, * or */15.
func span(text string, low, high int, names []string) (uint64, bool) {
	text, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		step, _ = strconv.Atoi(stepText)
	}
	from, to, ok := low, high, true
	if text != "*" {
		from, to, ok = bounds(text, low, high, names, stepped)
	}
	if !ok || step < 1 || from < low || to > high || from > to {
		return 0, false
	}
	var bits uint64
	for i := from; i <= to; i += step {
		bits |= 1 << i
	}
	return bits, true
}

// bounds are the first and the last number of 5, 1-5 or mon-fri; a single one with a step goes on to the end.
func bounds(text string, low, high int, names []string, stepped bool) (from, to int, ok bool) {
	first, last, ranged := strings.Cut(text, "-")
	if from, ok = number(first, low, names); !ok {
		return 0, 0, false
	}
	switch {
	case ranged:
		to, ok = number(last, low, names)
	case stepped:
		to = high
	default:
		to = from
	}
	return from, to, ok
}

func number(text string, low int, names []string) (int, bool) {
	for i, name := range names {
		if name == text {
			return i + low, true
		}
	}
	value, err := strconv.Atoi(text)
	return value, err == nil
}

// horizon is how far ahead a schedule is looked at: the 29th of February may be eight years away.
const horizon = 9 * 366

// next is the first time after a given one at which the schedule is due; the zero time: never.
func (s schedule) next(after time.Time) time.Time {
	after = after.In(s.zone)
	for day := range horizon {
		date := time.Date(after.Year(), after.Month(), after.Day()+day, 0, 0, 0, 0, s.zone)
		if !s.dayMatches(date) {
			continue
		}
		for minute := range 24 * 60 {
			at := time.Date(date.Year(), date.Month(), date.Day(), minute/60, minute%60, 0, 0, s.zone)
			if s.hours&(1<<(minute/60)) != 0 && s.minutes&(1<<(minute%60)) != 0 && at.After(after) {
				return at
			}
		}
	}
	return time.Time{}
}

func (s schedule) dayMatches(date time.Time) bool {
	day, weekday := s.days&(1<<date.Day()) != 0, s.weekdays&(1<<date.Weekday()) != 0
	if s.either {
		return s.months&(1<<date.Month()) != 0 && (day || weekday)
	}
	return s.months&(1<<date.Month()) != 0 && day && weekday
}
