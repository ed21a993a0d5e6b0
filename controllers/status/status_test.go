package status_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// up, rolling, pulling, stuck and none are states of the one workload.
var (
	up      = observe.Workload{Kind: "Deployment", Name: "shop-web", Wanted: 2, Ready: 2, RolledOut: true}
	rolling = observe.Workload{Kind: "Deployment", Name: "shop-web", Wanted: 2, Ready: 1}
	starts  = observe.Workload{Kind: "Deployment", Name: "shop-web", Wanted: 2}
	idle    = observe.Workload{Kind: "Deployment", Name: "shop-web", RolledOut: true}
	pulling = observe.Workload{Kind: "Deployment", Name: "shop-web", Wanted: 2, Cause: &observe.Cause{
		Reason: v1alpha1.ReasonImagePullFailed, Message: "image acme/shop:1 cannot be pulled (not found); correct the tag",
	}}
	failed = observe.Workload{Kind: "Deployment", Name: "shop-web", Wanted: 2, Ready: 1, Stuck: true, Cause: &observe.Cause{
		Reason: v1alpha1.ReasonCrashLoop, Message: "container web ended with exit code 1; read kubectl logs --previous",
	}}
)

// pass is a stack with one component and the workloads given.
func pass(workloads ...observe.Workload) status.StackPass {
	object := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", Generation: 4}}
	object.Spec.Components = []v1alpha1.Component{{Name: "web"}}
	return status.StackPass{
		Plan: &resolve.StackPlan{
			Object: object, Class: &resolve.Class{}, Stack: &part.Stack{}, Held: map[string]error{},
		},
		Output: &part.Output{}, State: &observe.State{Workloads: workloads},
	}
}

func with(p status.StackPass, change func(*status.StackPass)) status.StackPass {
	change(&p)
	return p
}

func TestStack(t *testing.T) {
	for _, c := range []struct {
		what      string
		pass      status.StackPass
		ready     string // reason; with a + in front when Ready is True
		available bool
		other     string // Reconciling, Stalled or none
		words     string
	}{
		{"everything runs", pass(up), "+Ready", true, "", ""},
		{"nothing is there yet", pass(), v1alpha1.ReasonProgressing, false, v1alpha1.ConditionReconciling, "component web is being made"},
		{"it starts", pass(starts), v1alpha1.ReasonProgressing, false, v1alpha1.ConditionReconciling, "component web is rolling out"},
		{"a rollout with a pod that serves", pass(rolling), v1alpha1.ReasonProgressing, true, v1alpha1.ConditionReconciling, ""},
		{"an image is missing", pass(pulling), v1alpha1.ReasonImagePullFailed, false, v1alpha1.ConditionReconciling, "component web: image acme/shop:1 cannot be pulled"},
		{"a rollout has failed and the old pods serve", pass(failed), v1alpha1.ReasonCrashLoop, true, v1alpha1.ConditionStalled, "exit code 1"},
		{"none by its own rules", pass(idle), "+Ready", false, "", ""},
		{
			"the spec is invalid, and what ran runs",
			with(pass(up), func(p *status.StackPass) { p.Err, p.Output = part.Invalid("Invalid", "spec.x: no"), nil }),
			"Invalid", true, v1alpha1.ConditionStalled, "spec.x: no",
		},
		{
			"something has to happen first",
			with(pass(up), func(p *status.StackPass) { p.Err = part.Waiting("ClassNotFound", 0, "no class") }),
			"ClassNotFound", true, v1alpha1.ConditionReconciling, "no class",
		},
		{
			"the API server failed",
			with(pass(up), func(p *status.StackPass) { p.Err = errors.New("boom") }),
			v1alpha1.ReasonAPIError, true, v1alpha1.ConditionReconciling, "boom",
		},
		{
			"suspended",
			with(pass(idle), func(p *status.StackPass) { p.Plan.Stack.Suspended = true }),
			v1alpha1.ReasonSuspended, false, "", "spec.suspend",
		},
		{
			"on its way to a suspension",
			with(pass(rolling), func(p *status.StackPass) { p.Plan.Stack.Suspended = true }),
			v1alpha1.ReasonProgressing, true, v1alpha1.ConditionReconciling, "",
		},
		{
			"a component waits for its database",
			with(pass(), func(p *status.StackPass) {
				p.Plan.Held["web"] = part.Waiting(v1alpha1.ReasonNotGranted, 0, "db: no grant")
			}),
			v1alpha1.ReasonNotGranted, false, v1alpha1.ConditionReconciling, "component web waits: db: no grant",
		},
		{
			"the load balancer has no address",
			with(pass(up, observe.Workload{Kind: "Deployment", Name: "shop-lb", Wanted: 2, Ready: 2, RolledOut: true}), func(p *status.StackPass) {
				p.Plan.Stack.LoadBalancer = &part.LoadBalancer{}
			}),
			v1alpha1.ReasonAddressPending, true, v1alpha1.ConditionReconciling, "LoadBalancer",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := status.Stack(c.pass, now)
			check(t, got.Conditions, c.ready, c.available, c.other, c.words)
			if got.ObservedGeneration != 4 {
				t.Errorf("generation %d", got.ObservedGeneration)
			}
			c.pass.Plan.Object.Status = got
			if again := status.Stack(c.pass, now.Add(time.Hour)); !reflect.DeepEqual(got, again) {
				t.Errorf("an hour later the same says %+v", again.Conditions)
			}
		})
	}
}

func check(t *testing.T, conditions []metav1.Condition, reason string, available bool, other, words string) {
	t.Helper()
	wanted, isReady := strings.CutPrefix(reason, "+")
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Reason != wanted || (ready.Status == metav1.ConditionTrue) != isReady:
		t.Fatalf("Ready is %+v", ready)
	case !strings.Contains(ready.Message, words):
		t.Errorf("%q does not say %q", ready.Message, words)
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionAvailable) != available:
		t.Errorf("Available is %+v", meta.FindStatusCondition(conditions, v1alpha1.ConditionAvailable))
	}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if found := meta.FindStatusCondition(conditions, kind); (found != nil) != (kind == other) {
			t.Errorf("%s is %+v", kind, found)
		}
	}
	for _, c := range conditions {
		if c.ObservedGeneration == 0 || c.Message == "" {
			t.Errorf("%+v", c)
		}
	}
}

// TestStalledComesAndGoes: conditions that exist only while they are true are taken away again.
func TestStalledComesAndGoes(t *testing.T) {
	p := pass(failed)
	p.Plan.Object.Status = status.Stack(p, now)
	p.State.Workloads = []observe.Workload{up}
	got := status.Stack(p, now)
	check(t, got.Conditions, "+Ready", true, "", "")
}

func TestHeldBackTemplates(t *testing.T) {
	p := pass(up)
	p.Held = []string{"shop-b", "shop-a"}
	got := meta.FindStatusCondition(status.Stack(p, now).Conditions, v1alpha1.ConditionUpdateAvailable)
	if got.Status != metav1.ConditionTrue || got.Reason != v1alpha1.ReasonHeldBack || !strings.Contains(got.Message, "shop-a, shop-b") {
		t.Errorf("%+v", got)
	}
	if p.Held[0] != "shop-b" {
		t.Error("the list of the pass was sorted in place")
	}
}

// TestWhatWasNotLookedAt: a pass that ended early says nothing good of what it did not look at.
func TestWhatWasNotLookedAt(t *testing.T) {
	p := with(pass(), func(p *status.StackPass) {
		p.Plan.Object.Spec.Databases = []v1alpha1.DatabaseEntry{{Name: "main"}}
		p.Plan.Stack, p.Output, p.Err = nil, nil, part.Waiting(v1alpha1.ReasonClassNotFound, 0, "no class nosuch")
	})
	got := status.Stack(p, now)
	condition := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionDependenciesReady)
	if condition.Status != metav1.ConditionFalse || condition.Reason != v1alpha1.ReasonClassNotFound || got.Summary.Databases != "0/1" {
		t.Errorf("%+v, %+v", condition, got.Summary)
	}
	if web := got.Components[0]; web.Reason != v1alpha1.ReasonClassNotFound || !strings.Contains(web.Message, "web is not made: no class nosuch") {
		t.Errorf("%+v", web)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	p := pass()
	p.Err = part.Invalid("Invalid", "%s", strings.Repeat("ä", 40000))
	got := meta.FindStatusCondition(status.Stack(p, now).Conditions, v1alpha1.ConditionReady)
	if n := len([]rune(got.Message)); n == 0 || n > 1000 || strings.ContainsRune(got.Message, '\uFFFD') {
		t.Errorf("%d characters", n)
	}
}

// TestMessagesOfPartsAreBounded: the API server refuses a status with a longer one, and gives back another text for what is none.
func TestMessagesOfPartsAreBounded(t *testing.T) {
	p := pass()
	p.Plan.Held["web"] = part.Invalid("Invalid", "%s", strings.Repeat("ä", 2000))
	p.Plan.Object.Spec.Databases = []v1alpha1.DatabaseEntry{{Name: "main"}}
	p.Plan.Entries = []resolve.EntryState{dependency(1, 1, metav1.ConditionFalse, nil)}
	database := p.Plan.Entries[0].Service.Object.(*v1alpha1.StackDatabase) //nolint:forcetypeassert // it was made so
	database.Status.Conditions[0].Message = "cut within a letter: \xc3"
	p.Plan.Entries[0].Service = resolve.ViewOf(database)
	got := status.Stack(p, now)
	if n := len([]rune(got.Components[0].Message)); n == 0 || n > 1000 {
		t.Errorf("the component says %d characters", n)
	}
	if message := got.Dependencies[0].Message; message != "cut within a letter: \uFFFD" {
		t.Errorf("the dependency says %q", message)
	}
}

// TestStalledServices: a stack whose own service cannot go on by itself does not get better by waiting; a service of others may.
func TestStalledServices(t *testing.T) {
	stalled := metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "Invalid", Message: "parameters.x: no"}
	for what, c := range map[string]struct {
		observed int64
		inline   bool
		other    string
	}{
		"its own":            {2, true, v1alpha1.ConditionStalled},
		"its own, mended":    {1, true, v1alpha1.ConditionReconciling},
		"one that it shares": {2, false, v1alpha1.ConditionReconciling},
	} {
		t.Run(what, func(t *testing.T) {
			p := pass(up)
			p.Plan.Object.Spec.Databases = []v1alpha1.DatabaseEntry{{Name: "main"}}
			entry := dependency(2, c.observed, metav1.ConditionFalse, nil)
			entry.Inline, entry.Consumer = c.inline, &v1alpha1.ConsumerStatus{}
			database := entry.Service.Object.(*v1alpha1.StackDatabase) //nolint:forcetypeassert // it was made so
			database.Status.Conditions = append(database.Status.Conditions, stalled)
			entry.Service = resolve.ViewOf(database)
			p.Plan.Entries = []resolve.EntryState{entry}
			check(t, status.Stack(p, now).Conditions, "CrashLoop", true, c.other, "why")
		})
	}
}

// dependency is an entry whose database says what is given.
func dependency(generation, observed int64, state metav1.ConditionStatus, problem error) resolve.EntryState {
	database := &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop-main", Generation: generation}}
	database.Status.ObservedGeneration = observed
	database.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: state, Reason: "CrashLoop", Message: "statefulset shop-main: why"}}
	return resolve.EntryState{
		Entry:   resolve.Entry{Name: "main", Kind: "StackDatabase", Namespace: "shop", Object: "shop-main", Inline: true},
		Service: resolve.ViewOf(database), Problem: problem,
	}
}

func TestDependencies(t *testing.T) {
	for _, c := range []struct {
		what  string
		entry resolve.EntryState
		ready string
		words string
	}{
		{"it answers", dependency(2, 2, metav1.ConditionTrue, nil), "+Ready", ""},
		{"it is not ready", dependency(2, 2, metav1.ConditionFalse, nil), "CrashLoop", "database main: statefulset shop-main: why"},
		{"its status is of an older spec", dependency(3, 2, metav1.ConditionTrue, nil), v1alpha1.ReasonProgressing, "database main"},
		{"it answers, and not to us", dependency(2, 2, metav1.ConditionTrue, part.Waiting(v1alpha1.ReasonNotGranted, 0, "no grant")), v1alpha1.ReasonNotGranted, "no grant"},
		{
			"it does not exist",
			resolve.EntryState{Entry: resolve.Entry{Name: "main", Kind: "StackDatabase"}, Problem: part.Waiting(v1alpha1.ReasonDependencyNotFound, 0, "nobody")},
			v1alpha1.ReasonDependencyNotFound, "nobody",
		},
		{
			"it runs elsewhere",
			resolve.EntryState{Entry: resolve.Entry{Name: "main", Kind: "Secret", External: &v1alpha1.ExternalService{}}}, "+Ready", "",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := pass(up)
			p.Plan.Object.Spec.Databases = []v1alpha1.DatabaseEntry{{Name: "main"}}
			p.Plan.Entries = []resolve.EntryState{c.entry}
			other := v1alpha1.ConditionReconciling
			if strings.HasPrefix(c.ready, "+") {
				other = ""
			}
			got := status.Stack(p, now)
			check(t, got.Conditions, c.ready, true, other, c.words)
			if c.entry.External != nil && (got.Dependencies[0].Ready != metav1.ConditionUnknown || got.Dependencies[0].Reason != v1alpha1.ReasonNotProbed) {
				t.Errorf("%+v", got.Dependencies[0])
			}
		})
	}
}

func TestService(t *testing.T) {
	set := func(ready int32, done bool) observe.Workload {
		return observe.Workload{Kind: "StatefulSet", Name: "main", Wanted: 1, Ready: ready, RolledOut: done}
	}
	job := func(name string, done, stuck bool) observe.Workload {
		return observe.Workload{Kind: "Job", Name: name, Wanted: 1, RolledOut: done, Stuck: stuck}
	}
	lacking := job("now", false, false)
	lacking.Cause = &observe.Cause{Reason: v1alpha1.ReasonExtensionsFailed, Message: "nowhere in database shop: it is not available"}
	for _, c := range []struct {
		what      string
		workloads []observe.Workload
		suspended bool
		ready     string
		available bool
		other     string
	}{
		{"it answers", []observe.Workload{set(1, true), job("now", true, false)}, false, "+Ready", true, ""},
		{"logins are being made", []observe.Workload{set(1, true), job("now", false, false)}, false, v1alpha1.ReasonProgressing, true, v1alpha1.ConditionReconciling},
		{"logins cannot be made", []observe.Workload{set(1, true), job("now", false, true)}, false, v1alpha1.ReasonNotAnswering, true, v1alpha1.ConditionStalled},
		{"a job of earlier inputs does not count", []observe.Workload{set(1, true), job("now", true, false), job("earlier", false, true)}, false, "+Ready", true, ""},
		{"an extension is missing", []observe.Workload{set(1, true), lacking}, false, v1alpha1.ReasonExtensionsFailed, true, v1alpha1.ConditionReconciling},
		{"an extension is missing and it starts", []observe.Workload{set(0, false), lacking}, false, v1alpha1.ReasonExtensionsFailed, false, v1alpha1.ConditionReconciling},
		{"it starts", []observe.Workload{set(0, false)}, false, v1alpha1.ReasonProgressing, false, v1alpha1.ConditionReconciling},
		{"nothing is there", nil, false, v1alpha1.ReasonProgressing, false, v1alpha1.ConditionReconciling},
		{"suspended", []observe.Workload{{Kind: "StatefulSet", Name: "main", RolledOut: true}}, true, v1alpha1.ReasonSuspended, false, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			database := &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "main", Generation: 2}}
			p := status.ServicePass{
				Plan: &resolve.ServicePlan{
					View: resolve.ViewOf(database), Class: &resolve.Class{},
					Service:  &part.Service{Namespace: "shop", Name: "main", Engine: "PostgreSQL", Suspended: c.suspended},
					Provider: part.Provider{Endpoint: func(*part.Service) part.Endpoint { return part.Endpoint{Host: "main", Port: 5432} }},
					Anchor: &anchor.Anchor{Provider: "Builtin", Version: "17", Consumers: []anchor.Consumer{
						{Namespace: "shop", Stack: "shop", Entry: "main", Set: anchor.Set{Binding: "shop-main-binding-v1-bcdfg"}},
						{Namespace: "shop", Stack: "gone", Entry: "main", Departed: true},
					}},
				},
				Output: &part.Output{Provisioning: "now"}, State: &observe.State{Workloads: c.workloads},
			}
			got := status.Service(p, now)
			check(t, got.Conditions, c.ready, c.available, c.other, "")
			if len(got.Consumers) != 1 || got.Consumers[0].Binding.Name != "shop-main-binding-v1-bcdfg" ||
				(got.Consumers[0].Ready == metav1.ConditionTrue) != (strings.HasPrefix(c.ready, "+") || c.what == "an extension is missing") {
				t.Errorf("consumers %+v", got.Consumers)
			}
			if got.Provider != "Builtin" || got.Version != "17" || got.Endpoint.Port != 5432 || got.Binding != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestVerdictOfRotation: it is said only where it was asked for, and who holds a login back is named.
func TestVerdictOfRotation(t *testing.T) {
	previous := &anchor.Set{Binding: "shop-main-binding-v1-bcdfg"}
	moving := func(stack string) anchor.Consumer {
		return anchor.Consumer{Namespace: "shop", Stack: stack, Entry: "main", Set: anchor.Set{Binding: "shop-main-binding-v2-bcdfg"}, Previous: previous}
	}
	for _, c := range []struct {
		what      string
		declared  *v1alpha1.Credentials
		login     string
		consumers []anchor.Consumer
		verdict   v1alpha1.Verdict
		message   string
	}{
		{"nothing is declared", nil, "shop_a", []anchor.Consumer{moving("shop")}, "", ""},
		{"an age", &v1alpha1.Credentials{RotateEvery: "720h"}, "shop_a", nil, v1alpha1.VerdictEnforced,
			"logins of stacks are replaced every 720h and when rotatedAt is set"},
		{"pods use the earlier login", &v1alpha1.Credentials{}, "shop_a", []anchor.Consumer{moving("d"), moving("a"), moving("b"), moving("a")},
			v1alpha1.VerdictEnforced, "logins of stacks are replaced when rotatedAt is set; the earlier login of shop/a, shop/b and 1 more works " +
				"until no pod uses it: look at the components of the stack"},
		{"an engine without logins", &v1alpha1.Credentials{}, "", nil, v1alpha1.VerdictUnsupported, "Memcached has no logins, so that there is nothing to replace"},
	} {
		t.Run(c.what, func(t *testing.T) {
			database := &v1alpha1.StackDatabase{Spec: v1alpha1.StackDatabaseSpec{DataServiceSpec: v1alpha1.DataServiceSpec{Credentials: c.declared}}}
			got := status.Service(status.ServicePass{
				Plan: &resolve.ServicePlan{
					View: resolve.ViewOf(database), Service: &part.Service{Engine: "Memcached"}, Anchor: &anchor.Anchor{Consumers: c.consumers},
					Provider: part.Provider{
						Endpoint: func(*part.Service) part.Endpoint { return part.Endpoint{} },
						Login:    func(_ *part.Service, consumer *part.Consumer) { consumer.Login = c.login },
					},
				},
				Output: &part.Output{}, State: &observe.State{},
			}, now)
			var verdict v1alpha1.CapabilityVerdict
			if len(got.Capabilities) > 0 {
				verdict = got.Capabilities[0]
			}
			if verdict.Verdict != c.verdict || verdict.Message != c.message {
				t.Errorf("%+v", got.Capabilities)
			}
			for i := range c.consumers {
				if earlier := got.Consumers[i].Earlier; earlier == nil || earlier.Name != previous.Binding {
					t.Errorf("%+v", got.Consumers[i])
				}
			}
		})
	}
}
