package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers"
)

// patience is how long a test waits for something; it prints what it saw when that is over.
const patience = 60 * time.Second

// world is a pair of namespaces of one test: the stack's own, and one of another team.
type world struct {
	t             *testing.T
	plane         *controlPlane
	client        client.WithWatch
	own, foreign  string
	workloadsStay atomic.Bool
	// record has the wires of every operator that ran.
	record []*wire
}

func newWorld(t *testing.T) *world {
	t.Helper()
	plane := apiServer(t)
	admin, err := client.NewWithWatch(plane.config, client.Options{Scheme: plane.scheme})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, plane: plane, client: admin}
	w.own, w.foreign = w.namespace("own-"), w.namespace("foreign-")
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		for _, name := range []string{w.own, w.foreign} {
			_ = admin.Delete(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
	})
	t.Cleanup(w.checkDataSafety)
	w.simulate(ctx)
	return w
}

func (w *world) namespace(prefix string) string {
	w.t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}
	w.must(w.client.Create(w.t.Context(), object))
	return object.Name
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// checkDataSafety holds for every test: no operator deleted a claim or an anchor, or did anything to a Secret but create it.
// Anchors may go only where a test says so.
func (w *world) checkDataSafety() {
	for _, line := range w.record {
		for _, r := range line.since(0) {
			switch {
			case r.verb == "delete" && r.resource == "persistentvolumeclaims":
				w.t.Errorf("an operator deleted a claim: %s", r)
			case r.verb == "delete" && strings.HasSuffix(r.name, "-anchor") && r.status < 300 && !w.anchorsMayGo():
				w.t.Errorf("an operator deleted an anchor: %s", r)
			case r.resource == "secrets" && r.verb != "create":
				w.t.Errorf("an operator did more to a Secret than create: %s", r)
			}
		}
	}
}

func (w *world) anchorsMayGo() bool { return strings.Contains(w.t.Name(), "ConfirmedDeletion") }

// operator is one process of the operator.
type operator struct {
	w    *world
	wire *wire
	// synced says whether the caches are filled.
	synced func() bool
	stop   func()
	ended  chan error
}

// settings of an operator.
type settings struct {
	controllers.Options
	resync time.Duration
}

// start runs an operator until it is stopped, or the test ends.
func (w *world) start(s settings) *operator {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	op := &operator{w: w, ended: make(chan error, 1)}
	op.wire = &wire{}
	w.record = append(w.record, op.wire)
	restConfig := rest.CopyConfig(w.plane.config)
	restConfig.Wrap(func(next http.RoundTripper) http.RoundTripper {
		op.wire.next = next
		return op.wire
	})
	manager, err := ctrl.NewManager(restConfig, w.managerOptions(s))
	w.must(err)
	w.must(controllers.Setup(ctx, manager, s.Options))
	go func() { op.ended <- manager.Start(ctx) }()
	op.synced = func() bool { return manager.GetCache().WaitForCacheSync(ctx) }
	stopped := false
	op.stop = func() {
		if cancel(); !stopped {
			stopped = true
			<-op.ended
		}
	}
	w.t.Cleanup(op.stop)
	return op
}

func (w *world) managerOptions(s settings) ctrl.Options {
	yes, at := true, time.Second
	resync := s.resync
	if resync == 0 {
		resync = 10 * time.Hour
	}
	caches := controllers.CacheOptions(&resync)
	caches.DefaultNamespaces = map[string]cache.Config{w.own: {}, w.foreign: {}}
	return ctrl.Options{
		Scheme: w.plane.scheme, Cache: caches,
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		GracefulShutdownTimeout: &at, Controller: config.Controller{SkipNameValidation: &yes},
	}
}

// eventually waits until check says nothing; it prints what it said last.
func (w *world) eventually(what string, check func() error) {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("%s: not within %s; last seen: %v\n%s", what, patience, err, w.dump())
		}
	}
}

// dump describes the resources of the world.
func (w *world) dump() string {
	var text strings.Builder
	for _, namespace := range []string{w.own, w.foreign} {
		stacks := &v1alpha1.BackendStackList{}
		if w.client.List(context.Background(), stacks, client.InNamespace(namespace)) == nil {
			for i := range stacks.Items {
				describe(&text, &stacks.Items[i], stacks.Items[i].Status.Conditions)
			}
		}
		for _, kind := range serviceKinds {
			list := serviceList(kind)
			if w.client.List(context.Background(), list, client.InNamespace(namespace)) == nil {
				for _, object := range items(list) {
					describe(&text, object, statusOf(object).Conditions)
				}
			}
		}
	}
	if len(w.record) > 0 {
		requests := w.record[len(w.record)-1].since(0)
		for _, r := range requests[max(0, len(requests)-15):] {
			text.WriteString(r.String() + "\n")
		}
	}
	return text.String()
}

func describe(text *strings.Builder, object client.Object, conditions []metav1.Condition) {
	fmt.Fprintf(text, "%T %s/%s generation %d\n", object, object.GetNamespace(), object.GetName(), object.GetGeneration())
	for _, c := range conditions {
		fmt.Fprintf(text, "  %s=%s %s (%d): %s\n", c.Type, c.Status, c.Reason, c.ObservedGeneration, c.Message)
	}
}

// quiet waits until the operator sent no request for a while, and returns how many it had sent.
func (op *operator) quiet() int {
	op.w.t.Helper()
	return op.quietFor(1500 * time.Millisecond)
}

func (op *operator) quietFor(window time.Duration) int {
	op.w.t.Helper()
	sent, from := 0, time.Now()
	op.w.eventually("the operator comes to rest", func() error {
		requests := op.wire.since(0)
		sent = len(requests)
		if sent > 0 && time.Since(requests[sent-1].at) < window {
			return fmt.Errorf("%d requests, the last one: %s", sent, requests[sent-1])
		}
		if time.Since(from) < window {
			return errors.New("it was not watched for long enough")
		}
		return nil
	})
	return sent
}

// writes are the writes since the nth request.
func (op *operator) writes(since int) []request {
	var writes []request
	for _, r := range op.wire.since(since) {
		if r.write() {
			writes = append(writes, r)
		}
	}
	return writes
}

// apply creates the objects of a text, in the own namespace where they name none. FOREIGN and OWN stand for the namespaces.
func (w *world) apply(text string) {
	w.t.Helper()
	text = replaced(text, "FOREIGN", w.foreign, "OWN", w.own)
	for document := range strings.SplitSeq(text, "\n---\n") {
		object := w.decode(document)
		if object.GetNamespace() == "" {
			object.SetNamespace(w.own)
		}
		w.must(w.client.Create(w.t.Context(), object))
	}
}

func replaced(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

func (w *world) decode(document string) client.Object {
	w.t.Helper()
	kind := metav1.TypeMeta{}
	w.must(yaml.Unmarshal([]byte(document), &kind))
	object, err := w.plane.scheme.New(kind.GroupVersionKind())
	w.must(err)
	w.must(yaml.UnmarshalStrict([]byte(document), object))
	return object.(client.Object) //nolint:forcetypeassert // manifests hold objects
}

// get reads an object of the own namespace; it fails the test when it is not there.
func get[T client.Object](w *world, name string, into T) T {
	w.t.Helper()
	if into.GetNamespace() == "" {
		into.SetNamespace(w.own)
	}
	w.must(w.client.Get(w.t.Context(), client.ObjectKey{Namespace: into.GetNamespace(), Name: name}, into))
	return into
}

// edit changes an object as a person would.
func edit[T client.Object](w *world, name string, into T, change func(T)) {
	w.t.Helper()
	for {
		object := get(w, name, into)
		change(object)
		err := w.client.Update(w.t.Context(), object)
		if !apierrors.IsConflict(err) {
			w.must(err)
			return
		}
	}
}

func (w *world) exists(object client.Object) bool {
	w.t.Helper()
	err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(object), object)
	if !apierrors.IsNotFound(err) {
		w.must(err)
	}
	return err == nil
}

// gone waits until an object is not there any more.
func (w *world) gone(object client.Object) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%T %s goes", object, object.GetName()), func() error {
		if w.exists(object) {
			return errors.New("it is there")
		}
		return nil
	})
}

// condition waits until a stack or data service says of a condition what is wanted, for its present generation.
func (w *world) condition(object client.Object, kind string, state metav1.ConditionStatus, reason string) metav1.Condition {
	w.t.Helper()
	var found metav1.Condition
	if object.GetNamespace() == "" {
		object.SetNamespace(w.own)
	}
	w.eventually(fmt.Sprintf("%T %s has %s=%s %s", object, object.GetName(), kind, state, reason), func() error {
		if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		condition := meta.FindStatusCondition(conditionsOf(object), kind)
		switch {
		case condition == nil:
			return errors.New("no such condition")
		case condition.Status != state || condition.Reason != reason || condition.ObservedGeneration != object.GetGeneration():
			return fmt.Errorf("%+v at generation %d", *condition, object.GetGeneration())
		}
		found = *condition
		return nil
	})
	return found
}

// ready waits until a stack is Ready.
func (w *world) ready(name string) *v1alpha1.BackendStack {
	w.t.Helper()
	stack := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: name}}
	w.condition(stack, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	return stack
}

func conditionsOf(object client.Object) []metav1.Condition {
	if conditioned, ok := object.(interface{ GetConditions() *[]metav1.Condition }); ok {
		return *conditioned.GetConditions()
	}
	return statusOf(object).Conditions
}

var serviceKinds = []string{"StackDatabase", "StackCache", "StackQueue"}

func serviceList(kind string) client.ObjectList {
	return map[string]client.ObjectList{
		"StackDatabase": &v1alpha1.StackDatabaseList{}, "StackCache": &v1alpha1.StackCacheList{}, "StackQueue": &v1alpha1.StackQueueList{},
	}[kind]
}

func statusOf(object client.Object) *v1alpha1.DataServiceStatus {
	switch o := object.(type) {
	case *v1alpha1.StackDatabase:
		return &o.Status.DataServiceStatus
	case *v1alpha1.StackCache:
		return &o.Status
	case *v1alpha1.StackQueue:
		return &o.Status
	}
	panic(fmt.Sprintf("%T is no data service", object))
}

// items returns the objects of a list.
func items(list client.ObjectList) []client.Object {
	all, err := meta.ExtractList(list)
	if err != nil {
		panic(err)
	}
	objects := make([]client.Object, 0, len(all))
	for _, item := range all {
		objects = append(objects, item.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
	}
	return objects
}
