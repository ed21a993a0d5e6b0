package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestExported(t *testing.T) {
	lines := "export KUBECONFIG='/state/demo/kubeconfig'\nexport PATH='/state/demo/bin':\"$PATH\"\n"
	for variable, want := range map[string]string{"KUBECONFIG": "/state/demo/kubeconfig", "PATH": "/state/demo/bin", "HOME": ""} {
		if got := exported(lines, variable); got != want {
			t.Errorf("%s is %q, not %q", variable, got, want)
		}
	}
}

func TestWithImage(t *testing.T) {
	manifests := "spec:\n      - image: ghcr.io/stackwright/stackwright:0.1.0\n        name: operator\n"
	if got, want := withImage(manifests, "test/operator:1"), "spec:\n      - image: test/operator:1\n        name: operator\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if got := withImage(manifests, ""); got != manifests {
		t.Errorf("without an image it became\n%s", got)
	}
}

func TestReadSettings(t *testing.T) {
	env := map[string]string{"DEMO_CONTEXT": "kind", "DEMO_TIMEOUT": "90s"}
	got, err := readSettings(func(name string) string { return env[name] })
	want := settings{context: "kind", cluster: "demo", namespace: "shop", registry: testRegistry, timeout: 90 * time.Second}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	env["DEMO_TIMEOUT"] = "90"
	if _, err := readSettings(func(name string) string { return env[name] }); err == nil {
		t.Error("a time without a unit is accepted")
	}
}

func TestCheckMachine(t *testing.T) {
	if err := checkMachine("linux", 0); err != nil {
		t.Error(err)
	}
	if checkMachine("linux", 1000) == nil || checkMachine("darwin", 0) == nil {
		t.Error("a machine without root on Linux is accepted")
	}
}

// TestReadTellsChanges feeds the states of a watch and expects one line for each change, until the stack is ready.
func TestReadTellsChanges(t *testing.T) {
	state := func(main, ready string) string {
		return fmt.Sprintf(`{"metadata":{"generation":1},"status":{"observedGeneration":1,
			"conditions":[{"type":"Ready","status":%q,"reason":"R","message":"why"}],
			"dependencies":[{"name":"main","ready":%q,"reason":"Progressing","message":"it starts"}]}}`, ready, main)
	}
	stream := state("False", "False") + state("False", "False") + state("True", "False") + state("True", "True") + state("False", "False")
	var lines []string
	teller := &teller{say: func(format string, args ...any) {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
	}}
	last := &stack{}
	if !read(strings.NewReader(stream), last, teller) || !last.ready() {
		t.Error("ready was not seen")
	}
	if want := []string{"main it starts (Progressing)", "main ready", "shop Ready"}; !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q", lines)
	}
	if read(strings.NewReader(state("False", "False")), last, teller) {
		t.Error("the end of a watch counts as ready")
	}
}

func TestReadyNeedsThisGeneration(t *testing.T) {
	s := &stack{}
	s.Metadata.Generation = 2
	s.Status.ObservedGeneration = 1
	s.Status.Conditions = []condition{{Type: "Ready", Status: "True"}}
	if s.ready() {
		t.Error("the status of an older generation counts")
	}
}

func TestUnreadyPods(t *testing.T) {
	list := `{"items":[
		{"metadata":{"name":"done"},"status":{"phase":"Succeeded","conditions":[{"type":"Ready","status":"False"}]}},
		{"metadata":{"name":"well"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}},
		{"metadata":{"name":"ill"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}]}},
		{"metadata":{"name":"new"},"status":{"phase":"Pending"}}]}`
	if got := unreadyPods(list); !reflect.DeepEqual(got, []string{"ill", "new"}) {
		t.Errorf("got %q", got)
	}
}

// TestOrder follows an order through a shop that is slow to start, to cache and to fulfil.
func TestOrder(t *testing.T) {
	posts, gets := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if posts++; posts == 1 {
				http.Error(w, "the database is not ready", http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusCreated)
		} else if gets++; gets > 1 {
			w.Header().Set("X-Cache", "hit")
		}
		status := "new"
		if gets > 2 {
			status = "fulfilled"
		}
		fmt.Fprintf(w, `{"id":"7","item":"tea","status":%q}`, status)
	}))
	defer server.Close()
	client := &shopClient{base: server.URL, http: server.Client()}
	placed, err := client.place(t.Context(), "tea")
	if err != nil || placed.ID != "7" {
		t.Fatalf("got %+v, %v", placed, err)
	}
	for name, wanted := range map[string]func(*order, string) bool{"cached": cached, "fulfilled": fulfilled} {
		if err := client.readUntil(t.Context(), "7", nil, wanted); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	failure := errors.New("no")
	if err := retry(ctx, func() error { cancel(); return failure }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
}

func TestLeads(t *testing.T) {
	pods := "/stackwright-new-1 2026-11-23T06:00:00Z/stackwright-old-1 "
	for holder, want := range map[string]bool{"stackwright-new-1_77": true, "stackwright-old-1_12": false, "": false} {
		if leads(pods, holder) != want {
			t.Errorf("%q leads: %v", holder, !want)
		}
	}
}
