package fence

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// server answers everything with a status, and counts.
type server struct {
	status int
	asked  int
}

func (s *server) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked++
	return &http.Response{StatusCode: s.status, Body: http.NoBody}, nil
}

const (
	leases = "https://api/apis/coordination.k8s.io/v1/namespaces/stackwright-system/leases/stackwright.dev"
	stack  = "https://api/apis/stackwright.dev/v1alpha1/namespaces/shop/backendstacks/shop/status"
)

// world is a fence with a clock of its own.
type world struct {
	*testing.T
	fence  *Fence
	server *server
	clock  time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, fence: New(15 * time.Second), server: &server{status: http.StatusOK}, clock: time.Now()}
	w.fence.now = func() time.Time { return w.clock }
	return w
}

// ask sends a request and says whether it came through.
func (w *world) ask(method, url string) bool {
	w.Helper()
	before := w.server.asked
	request, err := http.NewRequestWithContext(w.Context(), method, url, io.NopCloser(strings.NewReader("{}")))
	if err != nil {
		w.Fatal(err)
	}
	response, err := w.fence.Wrap(w.server).RoundTrip(request)
	if err == nil {
		_ = response.Body.Close()
	}
	if passed := w.server.asked > before; passed != (err == nil) || err != nil && !errors.Is(err, errLost) {
		w.Fatalf("passed %v, and said %v", passed, err)
	}
	return err == nil
}

func (w *world) want(passes bool, method, url string) {
	w.Helper()
	if got := w.ask(method, url); got != passes {
		w.Errorf("%s %s passes: %v", method, url, got)
	}
}

func TestNoLeaseNoWrite(t *testing.T) {
	w := newWorld(t)
	w.want(true, http.MethodGet, stack)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		w.want(false, method, stack)
	}
	w.server.status = http.StatusConflict // somebody else has the lease
	w.want(true, http.MethodPut, leases)
	w.want(false, http.MethodPatch, stack)
	w.server.status = http.StatusCreated
	w.want(true, http.MethodPost, leases)
	w.want(true, http.MethodPatch, stack)
}

func TestWokenLeaderWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.want(true, http.MethodPut, leases)
	w.clock = w.clock.Add(14 * time.Second)
	w.want(true, http.MethodDelete, stack)
	w.clock = w.clock.Add(2 * time.Second)
	w.want(false, http.MethodDelete, stack)
	w.want(true, http.MethodGet, stack)
	w.want(true, http.MethodPut, leases)
	w.want(true, http.MethodDelete, stack)
}

// A lease that is renewed slowly counts from when that was asked for.
func TestSlowRenewal(t *testing.T) {
	w := newWorld(t)
	w.fence.now = func() time.Time {
		now := w.clock
		w.clock = w.clock.Add(8 * time.Second) // time passes with every look at the clock
		return now
	}
	w.want(true, http.MethodPut, leases)
	w.want(true, http.MethodDelete, stack)
	w.want(false, http.MethodDelete, stack)
}
