// Package audit reads what the API server's audit log says of one user.
package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Event is one answered request.
type Event struct {
	ID         string    `json:"auditID"`
	Stage      string    `json:"stage"`
	Verb       string    `json:"verb"`
	RequestURI string    `json:"requestURI"`
	Time       time.Time `json:"requestReceivedTimestamp"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef *struct {
		APIGroup    string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus *struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
	// ResponseObject is what the API server answered.
	ResponseObject json.RawMessage `json:"responseObject"`
	// RequestObject is what was sent.
	RequestObject json.RawMessage `json:"requestObject"`
}

// Code is the HTTP status of the answer.
func (e *Event) Code() int {
	if e.ResponseStatus == nil {
		return 0
	}
	return e.ResponseStatus.Code
}

// Denied says that the user was not allowed to make the request.
func (e *Event) Denied() bool { return e.Annotations["authorization.k8s.io/decision"] == "forbid" }

// Resource is the group, resource and subresource as RBAC writes them; empty for a URL that is no resource.
func (e *Event) Resource() Resource {
	if e.ObjectRef == nil {
		return Resource{}
	}
	name := e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		name += "/" + e.ObjectRef.Subresource
	}
	return Resource{e.ObjectRef.APIGroup, name}
}

// Writes says whether the request was to change something.
func (e *Event) Writes() bool {
	return !slices.Contains([]string{"get", "list", "watch"}, e.Verb)
}

// String is the request in one line.
func (e *Event) String() string {
	return fmt.Sprintf("%s %s %s → %d", e.Time.Format("15:04:05.000"), e.Verb, e.RequestURI, e.Code())
}

// Resource names what a rule of RBAC speaks of.
type Resource struct {
	Group, Name string
}

// String is the resource with its group.
func (r Resource) String() string {
	if r.Group == "" {
		return r.Name
	}
	return r.Name + "." + r.Group
}

// Log follows an audit log from where it stood when the log was opened.
type Log struct {
	user string
	path string

	mutex  sync.Mutex
	file   *os.File
	reader *bufio.Reader
	part   []byte
	events []Event
	seen   map[string]bool
}

// Follow opens an audit log at its end.
func Follow(path, user string) (*Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	return &Log{user: user, path: path, file: file, reader: bufio.NewReaderSize(file, 1<<20), seen: map[string]bool{}}, nil
}

// Since returns the requests of the user that were received after a moment.
func (l *Log) Since(moment time.Time) ([]Event, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := l.read(); err != nil {
		return nil, err
	}
	var events []Event
	for _, event := range l.events {
		if event.Time.After(moment) {
			events = append(events, event)
		}
	}
	return events, nil
}

// From returns the requests of the user from the nth on that was read, and how many there are.
func (l *Log) From(n int) ([]Event, int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	err := l.read()
	return slices.Clone(l.events[n:]), len(l.events), err
}

// Writes returns the requests of the user since a moment that were to change something, but for leases and events; in one
// namespace, or in all of them when it is empty.
func (l *Log) Writes(moment time.Time, namespace string) ([]Event, error) {
	events, err := l.Since(moment)
	return slices.DeleteFunc(events, func(e Event) bool {
		return !e.Writes() || e.ObjectRef == nil || slices.Contains([]string{"leases", "events"}, e.ObjectRef.Resource) ||
			namespace != "" && e.ObjectRef.Namespace != namespace
	}), err
}

// read takes in what was written since the last time. When the API server has begun a new file, the rest of the old one is
// read first.
func (l *Log) read() error {
	if err := l.drain(); err != nil {
		return err
	}
	current, err := os.Stat(l.path)
	if err != nil {
		return err
	}
	mine, err := l.file.Stat()
	if err != nil || os.SameFile(current, mine) {
		return err
	}
	if err := l.drain(); err != nil {
		return err
	}
	next, err := os.Open(l.path)
	if err != nil {
		return err
	}
	l.file.Close()
	l.file, l.reader, l.part = next, bufio.NewReaderSize(next, 1<<20), nil
	return l.drain()
}

func (l *Log) drain() error {
	mark := []byte(`"username":"` + l.user + `"`)
	for {
		piece, err := l.reader.ReadBytes('\n')
		l.part = append(l.part, piece...)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line := l.part
		l.part = nil
		if !bytes.Contains(line, mark) {
			continue
		}
		if err := l.take(line); err != nil {
			return err
		}
	}
}

// take keeps a request once: a watch is logged when it starts and when it ends. Only what concerns Secrets is kept whole, and
// what was sent to delete something.
func (l *Log) take(line []byte) error {
	var event Event
	if err := json.Unmarshal(line, &event); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if event.User.Username != l.user || l.seen[event.ID] {
		return nil
	}
	l.seen[event.ID] = true
	if event.ObjectRef == nil || event.ObjectRef.Resource != "secrets" {
		event.ResponseObject = nil
		if event.Verb != "delete" {
			event.RequestObject = nil
		}
	}
	l.events = append(l.events, event)
	return nil
}

// Describe lists requests, one a line, at most limit of them.
func Describe(events []Event, limit int) string {
	var lines []string
	for i := range events {
		if i == limit {
			lines = append(lines, fmt.Sprintf("and %d more", len(events)-limit))
			break
		}
		lines = append(lines, events[i].String())
	}
	return strings.Join(lines, "\n")
}
