// Package progress prints what a build is doing, with the time since it began.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Reporter prints lines for one build. It is safe for use by many goroutines.
type Reporter struct {
	out   io.Writer
	name  string
	start time.Time

	mu   sync.Mutex
	last string
	said time.Time
}

// New starts the clock of a build called name.
func New(out io.Writer, name string) *Reporter {
	now := time.Now()
	return &Reporter{out: out, name: name, start: now, said: now}
}

// Step prints the step now under way.
func (r *Reporter) Step(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = fmt.Sprintf(format, args...)
	r.print(r.last)
}

// Alive repeats the current step whenever nothing was printed for the interval,
// so that a long step is never mistaken for a hang. The returned function ends it.
func (r *Reporter) Alive(interval time.Duration) (stop func()) {
	done := make(chan struct{})
	ticker := time.NewTicker(time.Second)
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				r.remind(interval)
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

func (r *Reporter) remind(interval time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.said) >= interval {
		r.print("still " + r.last)
	}
}

func (r *Reporter) print(text string) {
	r.said = time.Now()
	fmt.Fprintf(r.out, "[%4.0fs] %s: %s\n", r.said.Sub(r.start).Seconds(), r.name, text)
}
