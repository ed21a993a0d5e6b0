package rig

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// StreamFault is what happens to an event of a watch.
type StreamFault string

const (
	// DropEvent loses the event, and ends the watch as expired some time later: the operator lists again.
	DropEvent StreamFault = "drop"
	// DuplicateEvent delivers the event twice.
	DuplicateEvent StreamFault = "duplicate"
	// DelayEvent holds the event and everything behind it back for EventDelay.
	DelayEvent StreamFault = "delay"
	// CloseWatch ends the watch after the event.
	CloseWatch StreamFault = "close"
	// ReplayEvents delivers everything that the watch delivered before once more.
	ReplayEvents StreamFault = "replay"
)

const (
	// EventDelay is how long a delayed event takes.
	EventDelay = 700 * time.Millisecond
	// relistAfter is when a watch that lost an event ends.
	relistAfter = 1500 * time.Millisecond
)

// StreamFaults are tried at every event.
var StreamFaults = []StreamFault{DropEvent, DuplicateEvent, DelayEvent, CloseWatch, ReplayEvents}

// StreamEvent is one event of a watch of the operator.
type StreamEvent struct {
	// Type is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
	Type                      string
	Resource, Namespace, Name string
}

// StreamRule is a fault for one event of the watches of one resource.
type StreamRule struct {
	Fault    StreamFault
	Resource string
	// Match says which events are meant; nil means all of them.
	Match func(*StreamEvent) bool
	// Skip passes over that many events that match. Bookmarks and the first list of a watch count for nothing.
	Skip int

	hit, over bool
}

// matches is called under the proxy's lock.
func (r *StreamRule) matches(event *StreamEvent) bool {
	return r.Resource == event.Resource && (r.Match == nil || r.Match(event))
}

// Hit says whether the fault happened. The proxy's rules have to be calmed before.
func (r *StreamRule) Hit() bool { return r.hit }

// Pending says that a lost event was not made up for yet: the operator has still to be told that its watch has expired.
func (p *Proxy) Pending(rule *StreamRule) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return rule.hit && rule.Fault == DropEvent && !rule.over
}

// EventMark is a place in the record of events: EventsSince takes it.
func (p *Proxy) EventMark() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.events)
}

// EventsSince returns what watches were sent since a mark: no bookmarks, no first lists.
func (p *Proxy) EventsSince(mark int) []StreamEvent {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.events[mark:])
}

// Watched are the resources that the operator watches.
func (p *Proxy) Watched() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Sorted(maps.Keys(p.watched))
}

// InjectStream adds rules for watches, those that are open too.
func (p *Proxy) InjectStream(rules ...*StreamRule) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.streams = append(p.streams, rules...)
}

// view is a resource of which the operator sees nothing newer than a version.
type view struct {
	version string
	thawed  chan struct{}
}

// Freeze lets the operator see a resource only as it was at a version of it: of the watches that are open nothing more is
// delivered, and a list is one of that version. What it reads by name is not frozen.
func (p *Proxy) Freeze(resource, version string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.frozen[resource] = &view{version: version, thawed: make(chan struct{})}
}

// Thaw delivers what was held back.
func (p *Proxy) Thaw() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for resource, view := range p.frozen {
		close(view.thawed)
		delete(p.frozen, resource)
	}
}

func (p *Proxy) frozenView(request *Request) *view {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.frozen[request.Resource]
}

// watch passes a watch on, event by event.
func (p *Proxy) watch(w http.ResponseWriter, r *http.Request, request *Request) {
	if p.frozenView(request) != nil && r.URL.Query().Get("sendInitialEvents") != "" {
		refuse(w, http.StatusUnprocessableEntity, "Invalid", "sendInitialEvents is not known here") // the client lists instead
		return
	}
	p.mutex.Lock()
	p.watched[request.Resource] = true
	p.mutex.Unlock()
	if r.URL.Query().Get("sendInitialEvents") == "" && p.wasExpired(request.Resource) {
		refusal := refusals[Expired]
		refuse(w, refusal.code, refusal.reason, refusal.message)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	response, err := p.ask(r.WithContext(ctx), request)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer response.Body.Close()
	copyHeader(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	flush(w)
	if response.StatusCode != http.StatusOK {
		_, _ = io.Copy(w, response.Body)
		return
	}
	frames := framesOf(response)
	s := &stream{proxy: p, resource: request.Resource, out: w, cancel: cancel, ctx: ctx, frames: frames}
	s.initial = r.URL.Query().Get("sendInitialEvents") != ""
	s.copy()
}

// stream is one watch that is passed on.
type stream struct {
	proxy    *Proxy
	resource string
	out      http.ResponseWriter
	frames   *frames
	ctx      context.Context
	cancel   func()
	// initial says that the events up to the first bookmark are a list.
	initial bool
	// sent are all events of the watch, for those that are to be sent once more.
	sent []sentFrame
}

type sentFrame struct {
	event StreamEvent
	frame []byte
}

func (s *stream) copy() {
	for {
		frame, err := s.frames.next()
		if err != nil {
			return
		}
		s.hold()
		event := s.frames.event(frame)
		event.Resource = s.resource
		if event.Type == "BOOKMARK" {
			s.initial = false
			err = s.send(frame)
		} else {
			err = s.deliver(frame, &event)
		}
		if err != nil {
			return
		}
	}
}

// hold waits while the resource is frozen.
func (s *stream) hold() {
	view := s.proxy.frozenView(&Request{Resource: s.resource})
	if view == nil {
		return
	}
	select {
	case <-view.thawed:
	case <-s.ctx.Done():
	}
}

// streamRule takes an event down and returns the rule that it meets, if any.
func (p *Proxy) streamRule(event *StreamEvent) *StreamRule {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.events = append(p.events, *event)
	for _, rule := range p.streams {
		if rule.hit || !rule.matches(event) {
			continue
		}
		if rule.Skip > 0 {
			rule.Skip--
			continue
		}
		rule.hit = true
		return rule
	}
	return nil
}

// deliver passes an event on, or does with it what a rule says.
func (s *stream) deliver(frame []byte, event *StreamEvent) error {
	s.sent = append(s.sent, sentFrame{*event, frame})
	if s.initial {
		return s.send(frame)
	}
	rule := s.proxy.streamRule(event)
	if rule == nil {
		return s.send(frame)
	}
	return s.disturb(rule, frame)
}

func (s *stream) disturb(rule *StreamRule, frame []byte) error {
	switch rule.Fault {
	case DropEvent:
		time.AfterFunc(relistAfter, func() { s.expire(rule) })
		return nil
	case DelayEvent:
		if err := pause(s.ctx, EventDelay); err != nil {
			return err
		}
	case DuplicateEvent:
		if err := s.send(frame); err != nil {
			return err
		}
	case ReplayEvents:
		return s.replay(rule)
	case CloseWatch:
		_ = s.send(frame)
		return errGone
	}
	return s.send(frame)
}

// replay sends what the rule speaks of from the beginning of the watch on, in order, with the event itself as the last one.
func (s *stream) replay(rule *StreamRule) error {
	for i := range s.sent {
		if !rule.matches(&s.sent[i].event) {
			continue
		}
		if err := s.send(s.sent[i].frame); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) send(frame []byte) error {
	_, err := s.out.Write(frame)
	flush(s.out)
	return err
}

// expire ends the watch so that the client cannot go on where it was: the connection breaks, and the next watch from there is
// answered with 410 by a rule.
func (s *stream) expire(rule *StreamRule) {
	s.proxy.mutex.Lock()
	s.proxy.expired[s.resource] = rule
	s.proxy.mutex.Unlock()
	s.cancel()
}

// wasExpired says whether a watch of a resource is to be answered with 410, once.
func (p *Proxy) wasExpired(resource string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	rule := p.expired[resource]
	delete(p.expired, resource)
	if rule != nil {
		rule.over = true
	}
	return rule != nil
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
