package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// addressPatience is how long an existing cluster may take to give the load balancer an address.
const addressPatience = 30 * time.Second

// stack is what the demo reads of a BackendStack.
type stack struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Status struct {
		ObservedGeneration int64       `json:"observedGeneration"`
		Conditions         []condition `json:"conditions"`
		Components         []partState `json:"components"`
		Dependencies       []partState `json:"dependencies"`
		URLs               []string    `json:"urls"`
	} `json:"status"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type partState struct {
	Name    string `json:"name"`
	Ready   string `json:"ready"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (s *stack) condition(kind string) condition {
	for _, c := range s.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return condition{Type: kind, Status: "Unknown"}
}

func (s *stack) ready() bool {
	return s.Status.ObservedGeneration == s.Metadata.Generation && s.condition("Ready").Status == "True"
}

// onlyAddressMissing says that all is ready but the address of the load balancer.
func (s *stack) onlyAddressMissing() bool {
	return s.condition("ComponentsReady").Status == "True" && s.condition("DependenciesReady").Status == "True" &&
		s.condition("RoutesReady").Reason == "AddressPending"
}

// waitForReady follows the status of the shop and tells of each change. It returns the last that was seen, also with an error.
func (d *demo) waitForReady(ctx context.Context) (*stack, error) {
	d.progress.say("wait for Ready")
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	teller := &teller{say: d.progress.say}
	last := &stack{}
	for ctx.Err() == nil {
		done, err := d.follow(ctx, last, teller)
		if err != nil || done {
			return last, err
		}
		pause(ctx, time.Second)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return last, fmt.Errorf("the shop is not Ready after %s: %s", d.timeout, last.condition("Ready").Message)
	}
	return last, ctx.Err()
}

// follow reads the watch of the shop until it is ready or the watch ends.
func (d *demo) follow(ctx context.Context, last *stack, teller *teller) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := d.kubectl.command(ctx, nil, "get", "backendstack", "shop", "--namespace", d.namespace, "--output", "json", "--watch")
	stream, err := watch.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := watch.Start(); err != nil {
		return false, fmt.Errorf("start kubectl: %w", err)
	}
	defer func() {
		cancel()
		_ = watch.Wait() // it was interrupted
	}()
	if d.context != "" {
		stop := context.AfterFunc(timer(ctx, addressPatience), cancel)
		defer stop()
	}
	done := read(stream, last, teller)
	return done || d.context != "" && last.onlyAddressMissing(), nil
}

// timer returns a context that ends after a time.
func timer(parent context.Context, after time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(parent, after)
	context.AfterFunc(parent, cancel)
	return ctx
}

// read takes states from the stream until one is ready; it says whether one was.
func read(stream io.Reader, last *stack, teller *teller) bool {
	decoder := json.NewDecoder(stream)
	for {
		next := stack{}
		if err := decoder.Decode(&next); err != nil {
			return false
		}
		*last = next
		teller.tell(last)
		if last.ready() {
			return true
		}
	}
}

// teller tells of each part when its state changes.
type teller struct {
	say   func(format string, args ...any)
	known map[string]string
}

func (t *teller) tell(s *stack) {
	if t.known == nil {
		t.known = map[string]string{}
	}
	for _, part := range slices.Concat(s.Status.Dependencies, s.Status.Components) {
		if part.Reason != "CredentialsPending" { // the first moment of each service
			t.change(part.Name, describe(part.Ready, part.Reason, part.Message))
		}
	}
	routes := s.condition("RoutesReady")
	if routes.Status != "Unknown" {
		t.change("routes", describe(routes.Status, routes.Reason, routes.Message))
	}
	if s.ready() {
		t.change("shop", "Ready")
	}
}

func (t *teller) change(name, state string) {
	if t.known[name] != state {
		t.known[name] = state
		t.say("  %-10s %s", name, state)
	}
}

func describe(ready, reason, message string) string {
	switch {
	case ready == "True":
		return "ready"
	case message == "":
		return reason
	}
	return fmt.Sprintf("%s (%s)", message, reason)
}

// pause waits, or returns early when the context ends.
func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
