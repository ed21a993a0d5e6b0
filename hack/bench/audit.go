package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// auditPolicy records what the bench's users asked, and nothing of anybody else: one line per request, written when it was
// answered. Floors and subjects pay the same for it.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: Metadata
  users: [%s]
- level: None
`

// request is one line of the audit log.
type request struct {
	user, verb, resource string
	code                 int
	at                   time.Time
}

// watch says whether a request opens a watch: the API server ends each after some minutes, and sooner when it is busy.
func (r request) watch() bool { return r.verb == "watch" }

// write says whether a request asks for a change.
func (r request) write() bool { return !slices.Contains([]string{"get", "list", "watch"}, r.verb) }

// created says whether a request made a new object; that of an Event does not count.
func (r request) created() bool {
	made := r.verb == "create" || r.verb == "patch" || r.verb == "apply" || r.verb == "update"
	return made && r.code == 201 && !strings.HasPrefix(r.resource, "events")
}

// audit reads an audit log on demand: reading while something is timed would cost what is measured.
type audit struct {
	path   string
	offset int64
	rest   []byte
}

// size is the length of the log: it stands still while nobody asks anything.
func (a *audit) size() int64 {
	info, err := os.Stat(a.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// read returns the requests since the last read.
func (a *audit) read() ([]request, error) {
	file, err := os.Open(a.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Seek(a.offset, io.SeekStart); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(file)
	a.offset += int64(len(content))
	a.rest = append(a.rest, content...)
	var requests []request
	for {
		line, rest, whole := bytes.Cut(a.rest, []byte{'\n'})
		if !whole {
			return requests, err
		}
		a.rest = rest
		if r, counts := parseAudit(line); counts {
			requests = append(requests, r)
		}
	}
}

func parseAudit(line []byte) (request, bool) {
	var event struct {
		Stage, Verb, RequestURI string
		User                    struct{ Username string }
		ObjectRef               *struct{ Resource, Subresource string }
		ResponseStatus          struct{ Code int }
		StageTimestamp          time.Time
	}
	if json.Unmarshal(line, &event) != nil {
		return request{}, false
	}
	r := request{user: event.User.Username, verb: event.Verb, code: event.ResponseStatus.Code, at: event.StageTimestamp}
	r.resource = "discovery"
	if event.ObjectRef != nil {
		r.resource = event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			r.resource += "/" + event.ObjectRef.Subresource
		}
	}
	// A watch counts when it opens, everything else when it ends.
	opens := event.Stage == "ResponseStarted"
	return r, opens == r.watch()
}

// of are the requests of one user.
func of(requests []request, user string) []request {
	return slices.DeleteFunc(slices.Clone(requests), func(r request) bool { return r.user != user })
}

// only are the requests that meet a condition.
func only(requests []request, condition func(request) bool) []request {
	return slices.DeleteFunc(slices.Clone(requests), func(r request) bool { return !condition(r) })
}

// event says whether a request is about an Event.
func (r request) event() bool { return strings.HasPrefix(r.resource, "events") && r.write() }
