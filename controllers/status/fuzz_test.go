package status_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

var reasons = []string{v1alpha1.ReasonProgressing, v1alpha1.ReasonCrashLoop, v1alpha1.ReasonImagePullFailed, v1alpha1.ReasonSuspended}

// words is a message, which may be far too long.
func words(s *parttest.Source, text string) string { return strings.Repeat(text+"x", 1+s.Int(256)) }

func problem(s *parttest.Source, text string) error {
	switch s.Int(4) {
	case 1:
		return part.Invalid(v1alpha1.ReasonInvalid, "%s", words(s, text))
	case 2:
		return part.Waiting(v1alpha1.ReasonNotGranted, 0, "%s", words(s, text))
	case 3:
		return errors.New(words(s, text))
	}
	return nil
}

func workload(s *parttest.Source, kind, name, text string) observe.Workload {
	w := observe.Workload{Kind: kind, Name: name, Wanted: int32(s.Int(3)), Ready: int32(s.Int(3)), RolledOut: s.Bool(), Stuck: s.Bool()} //nolint:gosec // small
	if s.Bool() {
		w.Cause = &observe.Cause{Reason: parttest.Pick(s, reasons...), Message: words(s, text)}
	}
	return w
}

func stackPass(s *parttest.Source, text string) status.StackPass {
	object := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: s.Label(30), Generation: 3}}
	p := status.StackPass{
		Plan: &resolve.StackPlan{Object: object, Class: &resolve.Class{}, Stack: &part.Stack{Suspended: s.Bool()}, Held: map[string]error{}},
		Err:  problem(s, text), State: &observe.State{Address: parttest.Pick(s, "", "192.0.2.1")},
	}
	for i := range s.Int(4) {
		name := v1alpha1.EntryName("c" + string(rune('a'+i)))
		object.Spec.Components = append(object.Spec.Components, v1alpha1.Component{Name: name})
		if err := problem(s, text); err != nil {
			p.Plan.Held[string(name)] = err
		}
		if s.Bool() {
			p.State.Workloads = append(p.State.Workloads, workload(s, "Deployment", kit.Child(object.Name, string(name)), text))
		}
	}
	for i := range s.Int(4) {
		name := "d" + string(rune('a'+i))
		object.Spec.Databases = append(object.Spec.Databases, v1alpha1.DatabaseEntry{Name: v1alpha1.EntryName(name)})
		state := dependency(2, int64(1+s.Int(2)), parttest.Pick(s, metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown), problem(s, text))
		state.Name, state.Inline, state.Shared = name, s.Bool(), s.Bool()
		state.Service.Status.Conditions[0].Message = words(s, text)
		if state.Problem != nil && s.Bool() {
			state.Service = nil
		}
		p.Plan.Entries = append(p.Plan.Entries, state)
	}
	if s.Bool() {
		p.Plan.Stack.LoadBalancer = &part.LoadBalancer{Routes: []part.Route{{Hostname: "shop.example.com", Path: "/"}}}
		p.State.Workloads = append(p.State.Workloads, workload(s, "Deployment", kit.Child(object.Name, "lb"), text))
	}
	if p.Err == nil || s.Bool() {
		p.Output = &part.Output{}
	}
	for range s.Int(8) {
		p.Held = append(p.Held, s.Label(44))
	}
	if s.Int(8) == 1 {
		p.State = nil
	}
	return p
}

// FuzzStack: whatever was learned, the status says the same when asked again, contradicts itself nowhere, and fits the schema.
func FuzzStack(f *testing.F) {
	f.Add([]byte(nil), "")
	f.Add([]byte("a stack of some components and databases that say much"), "registry.example.com: 403")
	f.Add(slices.Repeat([]byte{3, 1, 255, 2}, 40), "grüße \xff")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		pass := stackPass(parttest.NewSource(data), text)
		got := status.Stack(pass, now)
		checkConditions(t, got.Conditions)
		for _, c := range got.Components {
			checkMessage(t, "component", c.Reason, c.Message, 1024)
		}
		for _, d := range got.Dependencies {
			checkMessage(t, "dependency", d.Reason, d.Message, 1024)
		}
		pass.Plan.Object.Status = stored[v1alpha1.BackendStackStatus](t, got)
		if again := status.Stack(pass, now.Add(time.Hour)); !reflect.DeepEqual(pass.Plan.Object.Status, stored[v1alpha1.BackendStackStatus](t, again)) {
			t.Errorf("an hour later it is\n%+v, and was\n%+v", again, got)
		}
	})
}

// stored is a status as it comes back from the API server.
func stored[T any](t *testing.T, status T) T {
	t.Helper()
	encoded, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	var result T
	if err := json.Unmarshal(encoded, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func checkMessage(t *testing.T, what, reason, message string, limit int) {
	t.Helper()
	if n := utf8.RuneCountInString(message); n > limit || len(reason) > 128 || !utf8.ValidString(message) {
		t.Errorf("%s: %s with %d characters: %.100q", what, reason, n, message)
	}
}

func checkConditions(t *testing.T, conditions []metav1.Condition) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range conditions {
		checkMessage(t, c.Type, c.Reason, c.Message, 1000)
		if seen[c.Type] || c.Reason == "" || c.LastTransitionTime.IsZero() {
			t.Errorf("%+v", c)
		}
		seen[c.Type] = true
	}
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	stalled := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
	reconciling := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling)
	if ready && (stalled || reconciling) || stalled && reconciling || !seen[v1alpha1.ConditionReady] || !seen[v1alpha1.ConditionAvailable] {
		t.Errorf("ready %v, stalled %v, reconciling %v", ready, stalled, reconciling)
	}
}

// FuzzService: the same of a data service.
func FuzzService(f *testing.F) {
	f.Add([]byte(nil), "")
	f.Add([]byte("a database of some stacks that says much"), "disk full")
	f.Add(slices.Repeat([]byte{3, 1, 255, 2}, 40), "grüße \xff")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		s := parttest.NewSource(data)
		database := &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: s.Label(44), Generation: 2}}
		service := s.Service("StackDatabase", "PostgreSQL", "17", nil)
		a := &anchor.Anchor{Kind: "StackDatabase", Name: database.Name, Engine: "PostgreSQL", Provider: "Builtin", Version: "17"}
		for _, c := range service.Consumers {
			a.Consumers = append(a.Consumers, anchor.Consumer{
				Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Departed: s.Int(4) == 1, Set: anchor.Set{Binding: c.Binding},
			})
		}
		pass := status.ServicePass{
			Plan: &resolve.ServicePlan{
				View: resolve.ViewOf(database), Class: &resolve.Class{}, Service: service, Anchor: a,
				Provider: part.Provider{Endpoint: func(*part.Service) part.Endpoint { return part.Endpoint{Host: "h", Port: 5432} }},
			},
			Output: &part.Output{Provisioning: parttest.Pick(s, "", "job")}, State: &observe.State{}, Err: problem(s, text),
		}
		for range s.Int(4) {
			pass.State.Workloads = append(pass.State.Workloads,
				workload(s, parttest.Pick(s, "StatefulSet", "Job"), parttest.Pick(s, database.Name, "job"), text))
		}
		got := status.Service(pass, now)
		checkConditions(t, got.Conditions)
		for _, c := range got.Consumers {
			if c.Ready == metav1.ConditionTrue && !meta.IsStatusConditionTrue(got.Conditions, v1alpha1.ConditionReady) || c.Reason == "" {
				t.Errorf("consumer %+v", c)
			}
		}
		database.Status.DataServiceStatus = stored[v1alpha1.DataServiceStatus](t, got)
		pass.Plan.View = resolve.ViewOf(database)
		if again := status.Service(pass, now.Add(time.Hour)); !reflect.DeepEqual(database.Status.DataServiceStatus, stored[v1alpha1.DataServiceStatus](t, again)) {
			t.Errorf("an hour later it is\n%+v, and was\n%+v", again, got)
		}
	})
}
