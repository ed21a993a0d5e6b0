package controllers_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
)

// request is one request of an operator that was answered, or not. Watches and discovery are left out.
type request struct {
	// verb is get, list, create, patch, update or delete.
	verb, resource, namespace, name, subresource string
	dryRun                                       bool
	// status of the answer; 0 when the request was not sent.
	status int
	// delivered says that the operator got the answer.
	delivered bool
	at        time.Time
}

func (r request) String() string {
	answer := fmt.Sprint(r.status)
	if !r.delivered {
		answer += " (lost)"
	}
	return strings.TrimRight(fmt.Sprintf("%s %s %s/%s/%s", r.verb, r.resource, r.namespace, r.name, r.subresource), "/") + " " + answer
}

// write says whether the request changes something. Events are counted apart.
func (r request) write() bool {
	return r.verb != "get" && r.verb != "list" && r.resource != "events" && !r.dryRun
}

// wire is the connection of one operator to the API server. It keeps a record.
type wire struct {
	next http.RoundTripper

	mutex    sync.Mutex
	requests []request
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	seen, counted := requestOf(r)
	response, err := w.next.RoundTrip(r)
	if !counted {
		return response, err
	}
	if err == nil {
		seen.status = response.StatusCode
		err = named(&seen, response)
	}
	seen.delivered = err == nil
	w.record(seen)
	return response, err
}

func (w *wire) record(seen request) {
	seen.at = time.Now()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.requests = append(w.requests, seen)
}

// since returns the requests from the nth on.
func (w *wire) since(n int) []request {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return append([]request{}, w.requests[n:]...)
}

// requestOf says what a request is about; false for watches and discovery.
func requestOf(r *http.Request) (request, bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return request{}, false
	}
	seen := request{dryRun: r.URL.Query().Get("dryRun") != ""}
	if len(parts) > 2 && parts[0] == "namespaces" {
		seen.namespace, parts = parts[1], parts[2:]
	}
	parts = append(parts, "", "")
	seen.resource, seen.name, seen.subresource = parts[0], parts[1], parts[2]
	seen.verb = map[string]string{
		http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch",
		http.MethodDelete: "delete",
	}[r.Method]
	if seen.verb == "get" && seen.name == "" {
		seen.verb = "list"
	}
	return seen, r.URL.Query().Get("watch") == ""
}

// named takes the name of an object that was created from the answer.
func named(seen *request, response *http.Response) error {
	if seen.verb != "create" || response.StatusCode != http.StatusCreated {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	object, _, err := clientgoscheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil { // a kind of ours
		return nil //nolint:nilerr // its name does not matter
	}
	if accessor, err := meta.Accessor(object); err == nil {
		seen.name = accessor.GetName()
	}
	return nil
}
