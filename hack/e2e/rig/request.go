package rig

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// Request is one request of the operator as the proxy saw it.
type Request struct {
	// Verb is get, list, watch, create, patch, update or delete.
	Verb, Resource, Subresource string
	Namespace, Name             string
	// Agent is the name of the program that asked.
	Agent  string
	DryRun bool
	// Status of the answer; 0 when the API server was not asked.
	Status int
	// Delivered says that the operator got the answer of the API server.
	Delivered bool
	// At is when the answer was there.
	At time.Time
}

// leases are what an operator that may be one of several renews.
const leases = "leases"

// Write says whether the request changes something for good. Events and leases are counted apart.
func (r *Request) Write() bool {
	switch r.Verb {
	case "get", "list", "watch", "":
		return false
	}
	return r.Resource != "events" && r.Resource != leases && !r.DryRun
}

// Object is the resource with the object's namespace and name.
func (r *Request) Object() string {
	resource := r.Resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	return fmt.Sprintf("%s %s %s/%s", r.Verb, resource, r.Namespace, r.Name)
}

func (r *Request) String() string {
	answer := fmt.Sprint(r.Status)
	if !r.Delivered {
		answer += " (lost)"
	}
	return r.At.Format("15:04:05.000 ") + r.Object() + " " + answer
}

var verbs = map[string]string{
	http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// parse says what a request is about; the verb is empty for discovery. The name of what is to be created is taken from the body.
func parse(r *http.Request) (Request, error) {
	parts := resourcePath(r.URL.Path)
	if parts == nil {
		return Request{}, nil
	}
	query := r.URL.Query()
	agent, _, _ := strings.Cut(r.UserAgent(), "/")
	seen := Request{Verb: verbs[r.Method], DryRun: query.Get("dryRun") != "", Agent: agent}
	if len(parts) > 2 && parts[0] == "namespaces" {
		seen.Namespace, parts = parts[1], parts[2:]
	}
	parts = append(parts, "", "")
	seen.Resource, seen.Name, seen.Subresource = parts[0], parts[1], parts[2]
	switch {
	case seen.Verb == "get" && query.Get("watch") != "":
		seen.Verb = "watch"
	case seen.Verb == "get" && seen.Name == "":
		seen.Verb = "list"
	case seen.Verb == "create" && seen.Name == "":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return seen, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen.Name = nameIn(body)
	}
	return seen, nil
}

// resourcePath is the part of a path behind group and version; nil where it names no resource.
func resourcePath(path string) []string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		return parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		return parts[3:]
	}
	return nil
}

func nameIn(body []byte) string {
	if object, _, err := clientgoscheme.Codecs.UniversalDeserializer().Decode(body, nil, nil); err == nil {
		if accessor, err := meta.Accessor(object); err == nil {
			return accessor.GetName()
		}
	}
	ours := &metav1.PartialObjectMetadata{} // a kind that is no part of Kubernetes travels as JSON
	if yaml.Unmarshal(body, ours) == nil {
		return ours.Name
	}
	return ""
}
