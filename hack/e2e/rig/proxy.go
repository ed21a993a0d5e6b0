package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// Proxy stands between the operator and the API server: it keeps a record of every request, and lets go wrong what it is told to.
// It connects as the operator's user, so that the operator itself needs no credentials.
type Proxy struct {
	// URL that the operator connects to.
	URL string

	target    *url.URL
	transport http.RoundTripper
	server    *http.Server

	mutex    sync.Mutex
	requests []Request
	inFlight int
	// last is when the last request was answered. Leases do not count: they are renewed for ever.
	last    time.Time
	rules   []*Rule
	streams []*StreamRule
	frozen  map[string]*view
	expired map[string]*StreamRule
	events  []StreamEvent
	watched map[string]bool
	latency time.Duration
	down    bool
}

// startProxy starts a proxy to a control plane for a user.
func startProxy(plane *controlplane.Plane, user string) (*Proxy, error) {
	transport, err := rest.TransportFor(plane.Config(user))
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(plane.URL)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := newProxy(target, transport)
	p.URL = "http://" + listener.Addr().String()
	quiet := log.New(io.Discard, "", 0) // a connection that is broken on purpose is no news
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func newProxy(target *url.URL, transport http.RoundTripper) *Proxy {
	return &Proxy{target: target, transport: transport, frozen: map[string]*view{}, expired: map[string]*StreamRule{}, watched: map[string]bool{}}
}

func (p *Proxy) stop() { _ = p.server.Close() }

// Inject adds a rule; the first one that matches a request decides on it.
func (p *Proxy) Inject(rules ...*Rule) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.rules = append(p.rules, rules...)
}

// Calm takes every rule back: requests and streams pass as they are.
func (p *Proxy) Calm() {
	p.mutex.Lock()
	p.rules, p.streams, p.expired, p.latency, p.down = nil, nil, map[string]*StreamRule{}, 0, false
	p.mutex.Unlock()
	p.Thaw()
}

// Delay makes every request take longer.
func (p *Proxy) Delay(latency time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.latency = latency
}

// Cut breaks every connection that is tried, until Calm.
func (p *Proxy) Cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.down = true
}

// Mark is a place in the record: Since takes it.
func (p *Proxy) Mark() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.requests)
}

// Since returns what was asked since a mark: no watches, no discovery.
func (p *Proxy) Since(mark int) []Request {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.requests[mark:])
}

// QuietFor says how long the operator has asked nothing, and has waited for nothing.
func (p *Proxy) QuietFor() time.Duration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.inFlight > 0 || p.last.IsZero() {
		return 0
	}
	return time.Since(p.last)
}

// ServeHTTP passes a request on, or not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := parse(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	rule, latency, down := p.admit(&request)
	if down {
		panic(http.ErrAbortHandler)
	}
	if request.Verb == "watch" {
		p.watch(w, r, &request)
		return
	}
	defer p.finish(&request)
	if err := pause(r.Context(), latency); err != nil {
		panic(http.ErrAbortHandler)
	}
	if rule == nil {
		p.pass(w, r, &request)
		return
	}
	rule.serve(p, w, r, &request)
}

func (p *Proxy) admit(request *Request) (*Rule, time.Duration, bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.down || request.Verb == "watch" {
		return nil, 0, p.down
	}
	p.inFlight++
	if request.Verb == "" {
		return nil, p.latency, false
	}
	for _, rule := range p.rules {
		if rule.hits(request) {
			return rule, p.latency, false
		}
	}
	return nil, p.latency, false
}

func (p *Proxy) finish(request *Request) {
	request.At = time.Now()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.inFlight--
	if request.Verb != "" {
		p.requests = append(p.requests, *request)
	}
	if request.Verb != "" && request.Resource != leases {
		p.last = request.At
	}
}

// pass lets the API server answer.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, request *Request) {
	response, err := p.ask(r, request)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	copyHeader(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	_, err = io.Copy(w, response.Body)
	request.Delivered = err == nil
}

// ask sends a request to the API server. The operator's going away does not take it back: a write that was sent happens.
func (p *Proxy) ask(r *http.Request, request *Request) (*http.Response, error) {
	ctx := r.Context()
	if request.Write() {
		ctx = context.WithoutCancel(ctx)
	}
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = p.target.Scheme, p.target.Host, p.target.Host, ""
	out.Header.Del("Accept-Encoding") // what is passed on is read here too
	if view := p.frozenView(request); view != nil && request.Verb == "list" {
		query := out.URL.Query()
		query.Set("resourceVersion", view.version)
		query.Set("resourceVersionMatch", "Exact")
		out.URL.RawQuery = query.Encode()
	}
	response, err := p.transport.RoundTrip(out)
	if err == nil {
		request.Status = response.StatusCode
	}
	return response, err
}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		if name != "Content-Length" {
			to[name] = values
		}
	}
}

// refuse answers in the API server's stead.
func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	if code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":%q,"code":%d}`, reason, message, code)
}

var errGone = errors.New("the operator went away")

func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errGone
	}
}

// Describe lists the last requests, one a line, at most limit of them.
func Describe(requests []Request, limit int) string {
	var text strings.Builder
	for i := max(0, len(requests)-limit); i < len(requests); i++ {
		text.WriteString(requests[i].String() + "\n")
	}
	return text.String()
}
