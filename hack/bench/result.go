package main

import (
	"fmt"
	"time"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// result is one row of the table.
type result struct {
	Subject string  `json:"subject"`
	Profile string  `json:"profile"`
	Stacks  int     `json:"stacks"`
	Objects float64 `json:"objectsPerStack"`
	// Seconds until all objects existed.
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"stacksPerSecond"`
	// Shares of the floors of the same profile and number: rate by rate.
	RawShare        float64 `json:"shareOfRawFloor,omitempty"`
	EquivalentShare float64 `json:"shareOfEquivalentFloor,omitempty"`
	// The same by processor time of everybody: where that is what limits, it says the same and holds on a busy machine too.
	RawCPUShare        float64 `json:"cpuShareOfRawFloor,omitempty"`
	EquivalentCPUShare float64 `json:"cpuShareOfEquivalentFloor,omitempty"`
	CPU                cpu     `json:"cpuMillisecondsPerStack"`
	Requests           asked   `json:"requestsPerStack"`
	// MemoryPerThousand is the growth of the operator's resident memory, in MiB per 1,000 stacks.
	MemoryPerThousand float64  `json:"residentMiBPerThousandStacks,omitempty"`
	Rest              *window  `json:"atRest,omitempty"`
	Change            *change  `json:"specChange,omitempty"`
	Restart           *again   `json:"restart,omitempty"`
	Resync            *window  `json:"resync,omitempty"`
	Load              string   `json:"machineLoad"`
	Notes             []string `json:"notes,omitempty"`
}

// cpu is processor time in milliseconds.
type cpu struct {
	Operator  float64 `json:"operator"`
	APIServer float64 `json:"apiServer"`
	Etcd      float64 `json:"etcd"`
}

func (c cpu) sum() float64 { return c.Operator + c.APIServer + c.Etcd }

// asked counts requests.
type asked struct {
	Total float64 `json:"total"`
	// Events are counted apart: the budget does not hold them.
	Events float64 `json:"events"`
	// By verb, resource and code.
	By map[string]float64 `json:"by,omitempty"`
}

// window is what was asked while nothing should be.
type window struct {
	Seconds float64        `json:"seconds"`
	Reads   int            `json:"reads"`
	Writes  int            `json:"writes"`
	Passes  float64        `json:"passes"`
	Loud    bool           `json:"neverQuiet,omitempty"`
	By      map[string]int `json:"by,omitempty"`
}

// change is how long a changed spec takes to show in the object.
type change struct {
	Samples         int     `json:"samples"`
	P50             float64 `json:"p50Milliseconds"`
	P99             float64 `json:"p99Milliseconds"`
	RequestsPerEach float64 `json:"requestsPerChange"`
	// Burst is how long that many changes at once take, in seconds.
	Changes int     `json:"changesAtOnce"`
	Burst   float64 `json:"secondsForAll"`
}

// again is what an operator does that was killed and started.
type again struct {
	Seconds   float64        `json:"seconds"`
	Writes    int            `json:"writes"`
	Reads     int            `json:"reads"`
	Lists     int            `json:"listsAndWatches"`
	Discovery int            `json:"discovery"`
	Resident  float64        `json:"residentMiB"`
	By        map[string]int `json:"by,omitempty"`
}

func (r *result) took(duration time.Duration) {
	r.Seconds = duration.Seconds()
	r.Rate = float64(r.Stacks) / r.Seconds
	r.Load = machineLoad()
}

// usage is the processor time of everybody at one moment.
type usage struct{ operator, api, etcd time.Duration }

func (a *arena) usage(operator *controlplane.Process) usage {
	u := usage{api: a.API.CPU(), etcd: a.Etcd.CPU()}
	if operator != nil {
		u.operator = operator.CPU()
	}
	return u
}

func (r *result) use(before, after usage) {
	each := func(d time.Duration) float64 { return milliseconds(d) / float64(r.Stacks) }
	r.CPU = cpu{each(after.operator - before.operator), each(after.api - before.api), each(after.etcd - before.etcd)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// count sums requests up by verb, resource and code.
func count(requests []request) map[string]int {
	by := map[string]int{}
	for _, r := range requests {
		by[fmt.Sprintf("%s %s %d", r.verb, r.resource, r.code)]++
	}
	return by
}

// ask notes the requests that were made for each stack.
func (r *result) ask(requests []request) {
	n := float64(r.Stacks)
	r.Requests = asked{By: map[string]float64{}}
	for name, number := range count(requests) {
		r.Requests.By[name] = float64(number) / n
	}
	events := only(requests, request.event)
	r.Requests.Events = float64(len(events)) / n
	r.Requests.Total = float64(len(requests)-len(events)) / n
}
