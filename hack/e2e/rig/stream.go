package rig

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// StreamRule is a fault for one event of the watches of one resource.
type StreamRule struct {
	Fault    StreamFault
	Resource string
	// Skip passes over that many events. Bookmarks and the first list of a watch count for nothing.
	Skip int

	hit bool
}

// Hit says whether the fault happened.
func (r *StreamRule) Hit() bool { return r.hit }

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
	if p.wasExpired(request.Resource) && r.URL.Query().Get("sendInitialEvents") == "" {
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
	sent    [][]byte
}

func (s *stream) copy() {
	for {
		frame, err := s.frames.next()
		if err != nil {
			return
		}
		s.hold()
		kind := s.frames.kind(frame)
		if kind == "BOOKMARK" {
			s.initial = false
		}
		var fault StreamFault
		if kind != "BOOKMARK" && !s.initial {
			fault = s.proxy.streamFault(s.resource)
		}
		if err := s.deliver(frame, fault); err != nil {
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

func (p *Proxy) streamFault(resource string) StreamFault {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, rule := range p.streams {
		if rule.hit || rule.Resource != resource {
			continue
		}
		if rule.Skip > 0 {
			rule.Skip--
			continue
		}
		rule.hit = true
		return rule.Fault
	}
	return ""
}

func (s *stream) deliver(frame []byte, fault StreamFault) error {
	switch fault {
	case DropEvent:
		time.AfterFunc(relistAfter, s.expire)
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
		for _, earlier := range append(s.sent, frame) {
			if err := s.send(earlier); err != nil {
				return err
			}
		}
	case CloseWatch:
		_ = s.send(frame)
		return errGone
	}
	s.sent = append(s.sent, frame)
	return s.send(frame)
}

func (s *stream) send(frame []byte) error {
	_, err := s.out.Write(frame)
	flush(s.out)
	return err
}

// expire ends the watch so that the client cannot go on where it was: the connection breaks, and the next watch from there is
// answered with 410 by a rule.
func (s *stream) expire() {
	s.proxy.expireNext(s.resource)
	s.cancel()
}

// expireNext answers the next watch of a resource with 410, but for one that lists first.
func (p *Proxy) expireNext(resource string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.expired[resource] = true
}

func (p *Proxy) wasExpired(resource string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	was := p.expired[resource]
	delete(p.expired, resource)
	return was
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// frames reads a watch's answer event by event, as JSON or protobuf.
type frames struct {
	reader *bufio.Reader
	json   bool
}

func framesOf(response *http.Response) *frames {
	return &frames{
		reader: bufio.NewReaderSize(response.Body, 1<<16),
		json:   strings.HasPrefix(response.Header.Get("Content-Type"), "application/json"),
	}
}

func (f *frames) next() ([]byte, error) {
	if f.json {
		return f.reader.ReadBytes('\n')
	}
	var length [4]byte
	if _, err := io.ReadFull(f.reader, length[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > 64<<20 {
		return nil, fmt.Errorf("an event of %d bytes", size)
	}
	frame := make([]byte, 4+size)
	copy(frame, length[:])
	_, err := io.ReadFull(f.reader, frame[4:])
	return frame, err
}

// kind is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
func (f *frames) kind(frame []byte) string {
	event := metav1.WatchEvent{}
	if f.json {
		_ = json.Unmarshal(frame, &event)
	} else {
		_ = event.Unmarshal(frame[4:])
	}
	return event.Type
}
