package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is everything that one run found.
type report struct {
	Time    string    `json:"time"`
	Commit  string    `json:"commit"`
	Machine string    `json:"machine"`
	Results []*result `json:"results"`
	Notes   []string  `json:"notes,omitempty"`
}

func newReport() *report {
	r := &report{Time: time.Now().UTC().Format(time.RFC3339), Machine: fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.Version())}
	if commit, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		r.Commit = strings.TrimSpace(string(commit))
	}
	return r
}

func (r *report) add(result *result) { r.Results = append(r.Results, result) }

func (r *report) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(r.Notes, text) {
		progress("%s", text)
		r.Notes = append(r.Notes, text)
	}
}

// machineLoad is the load of the machine in the last minute.
func machineLoad() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// finish relates every row to the floors of the same profile and number.
func (r *report) finish() {
	for _, row := range r.Results {
		raw, equivalent := r.like(row, "raw floor"), r.like(row, "equivalent floor")
		if row.Subject == "raw floor" || len(raw) == 0 {
			continue
		}
		row.RawShare, row.RawCPUShare = row.shares(raw)
		if row.Subject != "equivalent floor" && len(equivalent) > 0 {
			row.EquivalentShare, row.EquivalentCPUShare = row.shares(equivalent)
		}
		r.drift(row, raw)
	}
}

// shares are the parts of a floor's rate and thrift that a row reaches, by objects: a peer may make others.
func (row *result) shares(floors []*result) (rate, thrift float64) {
	perObject := median(floors, func(f *result) float64 { return f.Rate * f.Objects })
	cost := median(floors, func(f *result) float64 { return f.CPU.sum() / f.Objects })
	return row.Rate * row.Objects / perObject, cost * row.Objects / row.CPU.sum()
}

// drift notes that the machine was not the same before and after.
func (r *report) drift(row *result, floors []*result) {
	least, most := floors[0].Rate, floors[0].Rate
	for _, floor := range floors {
		least, most = min(least, floor.Rate), max(most, floor.Rate)
	}
	if most > least*1.15 {
		r.note("%s, %d stacks: the floors before and after differ by %.0f%%: something else used the machine; its rates are not to be trusted",
			row.Profile, row.Stacks, (most/least-1)*100)
	}
}

func (r *report) like(row *result, name string) []*result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(other *result) bool {
		return other.Subject != name || other.Profile != row.Profile || other.Stacks != row.Stacks
	})
}

func median(rows []*result, of func(*result) float64) float64 {
	values := make([]float64, 0, len(rows))
	for _, row := range rows {
		values = append(values, of(row))
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

func (r *report) save(path string) error {
	if path == "" {
		return nil
	}
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o644)
}
