package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// print writes the tables.
func (r *report) print(out io.Writer) {
	fmt.Fprintf(out, "\nStackwright bench, %s, commit %s, %s\n\n", r.Time, r.Commit, r.Machine)
	r.speed(out)
	for _, row := range r.Results {
		if row.Rest != nil {
			row.deep(out)
		}
	}
	r.targets(out)
	for _, row := range r.Results {
		for _, note := range row.Notes {
			fmt.Fprintf(out, "note: %s, %s, %d stacks: %s\n", row.Subject, row.Profile, row.Stacks, note)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
}

func (r *report) speed(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "subject\tprofile\tstacks\tobjects\tstacks/s\tof raw (CPU)\tof equivalent (CPU)\trequests\tevents\tCPU ms operator\tAPI\tetcd\tMiB/1000\tload")
	for _, row := range r.Results {
		fmt.Fprintf(table, "%s\t%s\t%d\t%.1f\t%.1f\t%s\t%s\t%.2f\t%.2f\t%.1f\t%.1f\t%.1f\t%s\t%s\n",
			row.Subject, row.Profile, row.Stacks, row.Objects, row.Rate, share(row.RawShare, row.RawCPUShare), share(row.EquivalentShare, row.EquivalentCPUShare),
			row.Requests.Total, row.Requests.Events, row.CPU.Operator, row.CPU.APIServer, row.CPU.Etcd,
			orDash(row.MemoryPerThousand), row.Load)
	}
	_ = table.Flush()
}

func share(rate, thrift float64) string {
	if rate == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%.2f)", rate, thrift)
}

func orDash(value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", value)
}

// deep writes what was measured besides the speed.
func (row *result) deep(out io.Writer) {
	fmt.Fprintf(out, "\n%s, %s, %d stacks\n", row.Subject, row.Profile, row.Stacks)
	fmt.Fprintf(out, "  requests per stack: %s\n", listing(row.Requests.By, "%.2f"))
	w := row.Rest
	fmt.Fprintf(out, "  at rest, %.0f s: %d reads, %d writes%s%s\n", w.Seconds, w.Reads, w.Writes, loud(w), details(w.By))
	if c := row.Change; c != nil {
		fmt.Fprintf(out, "  image change to Deployment: p50 %.1f ms, p99 %.1f ms (%d samples), %.2f requests each; %d at once: %.2f s\n",
			c.P50, c.P99, c.Samples, c.RequestsPerEach, c.Changes, c.Burst)
	}
	if a := row.Restart; a != nil {
		fmt.Fprintf(out, "  restart: %.1f s, %d writes, %d gets, %d lists and watches, %d of discovery; %.0f MiB resident\n",
			a.Seconds, a.Writes, a.Reads, a.Lists, a.Discovery, a.Resident)
	}
	if w := row.Resync; w != nil {
		fmt.Fprintf(out, "  resync, %.0f s, %.0f passes: %d reads, %d writes%s\n", w.Seconds, w.Passes, w.Reads, w.Writes, details(w.By))
	}
}

func loud(w *window) string {
	if w.Loud {
		return " (never quiet before)"
	}
	return ""
}

func details(by map[string]int) string {
	if len(by) == 0 {
		return ""
	}
	return " (" + listing(by, "%d") + ")"
}

func listing[V int | float64](by map[string]V, format string) string {
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if by[a] == by[b] {
			return strings.Compare(a, b)
		}
		if by[a] > by[b] {
			return -1
		}
		return 1
	}) {
		parts = append(parts, fmt.Sprintf("%s "+format, name, by[name]))
	}
	return strings.Join(parts, ", ")
}

// targets says of each promise whether this run kept it.
func (r *report) targets(out io.Writer) {
	fmt.Fprintln(out)
	say := func(row *result, what, format string, value, bound float64, atLeast bool) {
		verdict := "met"
		if atLeast && value < bound || !atLeast && value > bound {
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "%-6s  %s, %d stacks: %s "+format+" (target "+format+")\n", verdict, row.Profile, row.Stacks, what, value, bound)
	}
	for _, row := range r.Results {
		if row.Subject != "stackwright" {
			continue
		}
		say(row, "share of the raw floor", "%.2f", row.RawShare, 0.55, true)
		say(row, "share of the equivalent floor", "%.2f", row.EquivalentShare, 0.85, true)
		say(row, "requests per stack", "%.2f", row.Requests.Total, row.Objects+2, false)
		if row.Profile == "app" {
			say(row, "operator CPU ms per stack", "%.1f", row.CPU.Operator, 15, false)
			say(row, "resident MiB per 1,000 stacks", "%.0f", row.MemoryPerThousand, 60, false)
		}
		if row.Rest != nil {
			say(row, "requests at rest", "%.0f", float64(row.Rest.Reads+row.Rest.Writes), 0, false)
			say(row, "requests of a resync", "%.0f", float64(row.Resync.Reads+row.Resync.Writes), 0, false)
			say(row, "writes of a restart", "%.0f", float64(row.Restart.Writes), 0, false)
			say(row, "p99 ms from spec to object", "%.0f", row.Change.P99, 80, false)
		}
	}
}
