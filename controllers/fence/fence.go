// Package fence keeps an operator from writing that has lost its lease without knowing: one that stood still, because its machine
// or its process was stopped, goes on where it was when it is woken, and another one leads by then.
package fence

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// errLost is what a write is answered with instead of being sent.
var errLost = errors.New("the lease was not renewed in time: another operator may lead")

// Fence passes writes for as long as nobody else can have taken the lease.
type Fence struct {
	// Duration of the lease.
	Duration time.Duration

	now     func() time.Time
	renewed atomic.Pointer[time.Time]
}

// New returns a fence for leases of a duration. Nothing may be written before the first lease is held.
func New(duration time.Duration) *Fence { return &Fence{Duration: duration, now: time.Now} }

// Wrap puts the fence into the way of every request. The leases have to be renewed on the same way: that is how it knows.
func (f *Fence) Wrap(next http.RoundTripper) http.RoundTripper {
	return &transport{fence: f, next: next}
}

type transport struct {
	fence *Fence
	next  http.RoundTripper
}

// WrappedRoundTripper is what is behind the fence.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.next }

// RoundTrip sends a request, unless it is a write that may come too late.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case request.Method == http.MethodGet:
		return t.next.RoundTrip(request)
	case strings.Contains(request.URL.Path, "/apis/coordination.k8s.io/"):
		return t.renew(request)
	case !t.fence.holds():
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, errLost
	}
	return t.next.RoundTrip(request)
}

// renew counts from before the request: others count from when they see what it wrote.
func (t *transport) renew(request *http.Request) (*http.Response, error) {
	begin := t.fence.now()
	response, err := t.next.RoundTrip(request)
	if err == nil && response.StatusCode < http.StatusMultipleChoices {
		t.fence.renewed.Store(&begin)
	}
	return response, err
}

// holds asks both clocks: one of them stands still while a machine sleeps, the other can be set.
func (f *Fence) holds() bool {
	renewed := f.renewed.Load()
	if renewed == nil {
		return false
	}
	now := f.now()
	return max(now.Sub(*renewed), now.Round(0).Sub(renewed.Round(0))) < f.Duration
}
