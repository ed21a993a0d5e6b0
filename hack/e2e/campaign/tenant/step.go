package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Identity is who sends a step.
type Identity string

// Identities.
const (
	// Tenant may edit the kinds of Stackwright in the own namespace, and nothing else.
	Tenant Identity = rig.TenantUser
	// Editor may edit ConfigMaps there too: anchors are among them.
	Editor Identity = "editor"
	// Administrator acts as somebody else in the namespace who may do what he does.
	Administrator Identity = controlplane.Administrator
)

// Step is one request.
type Step struct {
	By Identity
	// Method, Kind, Name, Namespace and Subresource say where it goes; what is empty is read from the body, or is the own namespace.
	Method, Kind, Name, Namespace, Subresource, Query string
	// Type and Body are what is sent. A Body with several YAML documents is several requests.
	Type, Body string
	// Refused are texts that stand in the refusal; empty: the step has to be accepted.
	Refused []string
}

const (
	typeYAML  = "application/yaml"
	typeJSON  = "application/json"
	typeMerge = "application/merge-patch+json"
)

// create sends manifests as the tenant, with strict validation as kubectl asks for.
func create(manifest string, refused ...string) Step {
	return Step{By: Tenant, Method: http.MethodPost, Type: typeYAML, Body: manifest, Query: "?fieldValidation=Strict", Refused: refused}
}

// lenient sends manifests as old clients do: unknown fields are dropped in silence.
func lenient(manifest string) Step {
	return Step{By: Tenant, Method: http.MethodPost, Type: typeYAML, Body: manifest, Query: "?fieldValidation=Ignore"}
}

// merge changes an object as the tenant.
func merge(kind, name, patch string, refused ...string) Step {
	return Step{By: Tenant, Method: http.MethodPatch, Kind: kind, Name: name, Type: typeMerge, Body: patch, Refused: refused}
}

// remove deletes an object as the tenant.
func remove(kind, name string, refused ...string) Step {
	return Step{By: Tenant, Method: http.MethodDelete, Kind: kind, Name: name, Refused: refused}
}

// read asks for an object as the tenant, or for all of a kind.
func read(kind, name string, refused ...string) Step {
	return Step{By: Tenant, Method: http.MethodGet, Kind: kind, Name: name, Refused: refused}
}

// as sends a step as somebody else.
func (s Step) as(by Identity) Step {
	s.By = by
	return s
}

// in sends a step to another namespace.
func (s Step) in(namespace string) Step {
	s.Namespace = namespace
	return s
}

// at sends a step to a subresource.
func (s Step) at(subresource string) Step {
	s.Subresource = subresource
	return s
}

// bases are the addresses of the kinds that are sent; ours is that of the others.
var bases = map[string]string{
	"ConfigMap": "/api/v1", "Secret": "/api/v1", "Pod": "/api/v1", "Service": "/api/v1", "ServiceAccount": "/api/v1",
	"PersistentVolumeClaim": "/api/v1", "Deployment": "/apis/apps/v1", "StatefulSet": "/apis/apps/v1",
	"RoleBinding": "/apis/rbac.authorization.k8s.io/v1",
}

const ours = "/apis/stackwright.dev/v1alpha1"

func path(kind, namespace, name string) string {
	base, ok := bases[kind]
	if !ok {
		base = ours
	}
	if kind == "StackClass" {
		namespace = ""
	}
	if namespace != "" {
		base += "/namespaces/" + namespace
	}
	base += "/" + plural(strings.ToLower(kind))
	if name != "" {
		base += "/" + name
	}
	return base
}

// plural is the resource of a kind in lower case.
func plural(kind string) string {
	switch {
	case strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}

var (
	documentKind      = regexp.MustCompile(`(?m)^["{ ]*kind"?: *"?(\w+)`)
	documentNamespace = regexp.MustCompile(`(?m)^metadata: .*\bnamespace: *([-a-z0-9]+)`)
)

// sender sends what tenants send.
type sender struct {
	lane  *rig.Lane
	users map[Identity]http.RoundTripper
}

func newSender(lane *rig.Lane) (*sender, error) {
	s := &sender{lane: lane, users: map[Identity]http.RoundTripper{}}
	for _, user := range []Identity{Tenant, Editor, Administrator} {
		config := lane.Plane.Config(string(user))
		if user == Editor {
			config = lane.Plane.Config(controlplane.Administrator)
			config.Impersonate.UserName = string(user)
		}
		transport, err := rest.TransportFor(config)
		if err != nil {
			return nil, err
		}
		s.users[user] = transport
	}
	return s, nil
}

// answer is what the API server said.
type answer struct {
	Code    int
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// send sends the documents of a step, and says where an answer is not the one that has to come.
func (s *sender) send(ctx context.Context, step *Step, namespace string) error {
	documents := []string{step.Body}
	if step.Type == typeYAML {
		documents = strings.Split(step.Body, "\n---\n")
	}
	for _, document := range documents {
		got, err := s.one(ctx, step, document, namespace)
		if err != nil {
			return err
		}
		if err := step.judge(got); err != nil {
			return err
		}
	}
	return nil
}

// address is where a document of a step goes.
func (s *sender) address(step *Step, body, namespace string) string {
	kind := step.Kind
	if match := documentKind.FindStringSubmatch(body); kind == "" && match != nil {
		kind = match[1]
	}
	if match := documentNamespace.FindStringSubmatch(body); step.Method == http.MethodPost && match != nil {
		namespace = match[1]
	}
	if step.Namespace != "" {
		namespace = step.Namespace
	}
	url := s.lane.Plane.URL + path(kind, namespace, step.Name)
	if step.Subresource != "" {
		url += "/" + step.Subresource
	}
	return url + step.Query
}

func (s *sender) one(ctx context.Context, step *Step, body, namespace string) (*answer, error) {
	url := s.address(step, body, namespace)
	request, err := http.NewRequestWithContext(ctx, step.Method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", step.Type)
	request.Header.Set("Accept", typeJSON)
	response, err := s.users[step.By].RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", step.Method, url, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	got := &answer{}
	_ = json.Unmarshal(text, got) // an object has neither reason nor message
	if got.Message == "" && response.StatusCode >= 300 {
		got.Message = string(text)
	}
	got.Code = response.StatusCode
	return got, nil
}

// judge holds an answer against what has to come.
func (s *Step) judge(got *answer) error {
	what := fmt.Sprintf("%s %s %s as %s", s.Method, s.Kind, s.Name, s.By)
	switch {
	case len(s.Refused) == 0 && got.Code >= 300:
		return fmt.Errorf("%s should be accepted: %d %s", what, got.Code, got.Message)
	case len(s.Refused) > 0 && got.Code < 400:
		return fmt.Errorf("%s should be refused: %d %s", what, got.Code, got.Message)
	}
	for _, text := range s.Refused {
		if !strings.Contains(got.Message, text) {
			return fmt.Errorf("the refusal of %s does not say %q: %d %.2000s", what, text, got.Code, got.Message)
		}
	}
	return nil
}
