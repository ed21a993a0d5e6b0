package rig

import (
	"io"
	"net/http"
	"time"
)

// Fault is what happens to a request.
type Fault string

const (
	// KillBefore ends the operator before its write is sent.
	KillBefore Fault = "kill-before"
	// KillAfter ends the operator after its write happened, before the answer arrives.
	KillAfter Fault = "kill-after"
	// DropBefore breaks the connection; the API server never hears of the request.
	DropBefore Fault = "drop-before"
	// DropAfter lets the request happen and breaks the connection instead of an answer: the write is ambiguous.
	DropAfter Fault = "drop-after"
	// Conflict answers 409.
	Conflict Fault = "409"
	// Expired answers 410.
	Expired Fault = "410"
	// Throttled answers 429 with Retry-After.
	Throttled Fault = "429"
	// InternalError answers 500.
	InternalError Fault = "500"
	// Unavailable answers 503.
	Unavailable Fault = "503"
	// Hang lets the request happen and never answers, until HangLimit breaks the connection.
	Hang Fault = "hang"
	// Truncate breaks the connection in the middle of the answer.
	Truncate Fault = "truncate"
)

// HangLimit is how long a request hangs.
const HangLimit = 20 * time.Second

// WriteFaults are tried at every write.
var WriteFaults = []Fault{KillBefore, KillAfter, DropBefore, DropAfter, Conflict, Throttled, InternalError, Unavailable}

var refusals = map[Fault]struct {
	code            int
	reason, message string
}{
	Conflict:      {http.StatusConflict, "Conflict", "the object has been modified"},
	Expired:       {http.StatusGone, "Expired", "too old resource version"},
	Throttled:     {http.StatusTooManyRequests, "TooManyRequests", "too many requests"},
	InternalError: {http.StatusInternalServerError, "InternalError", "an error on the server"},
	Unavailable:   {http.StatusServiceUnavailable, "ServiceUnavailable", "the server is unavailable"},
}

// Rule is a fault for requests that match.
type Rule struct {
	Fault Fault
	// Match says which requests are meant; nil means every write.
	Match func(*Request) bool
	// Skip passes over that many requests that match.
	Skip int
	// Times is how many requests it happens to; 0 means one, a negative number no end of them.
	Times int
	// Kill ends the operator; needed by KillBefore and KillAfter.
	Kill func()

	hit int
}

// Hit says how often the fault happened. The proxy's rules have to be calmed before.
func (r *Rule) Hit() int { return r.hit }

// hits is called under the proxy's lock.
func (r *Rule) hits(request *Request) bool {
	if r.Match == nil && !request.Write() || r.Match != nil && !r.Match(request) {
		return false
	}
	if r.Skip > 0 {
		r.Skip--
		return false
	}
	if limit := max(1, r.Times); r.Times >= 0 && r.hit >= limit {
		return false
	}
	r.hit++
	return true
}

func (r *Rule) serve(p *Proxy, w http.ResponseWriter, request *http.Request, seen *Request) {
	if refusal, ok := refusals[r.Fault]; ok {
		seen.Status, seen.Delivered = refusal.code, true
		refuse(w, refusal.code, refusal.reason, refusal.message)
		return
	}
	switch r.Fault {
	case KillBefore:
		r.Kill()
		panic(http.ErrAbortHandler)
	case DropBefore:
		panic(http.ErrAbortHandler)
	}
	response, err := p.ask(request, seen)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	switch r.Fault {
	case KillAfter:
		r.Kill()
	case Hang:
		_ = pause(request.Context(), HangLimit)
	case Truncate:
		copyHeader(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		_, _ = w.Write(body[:len(body)/2])
	}
	panic(http.ErrAbortHandler)
}
