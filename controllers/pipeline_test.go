package controllers_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// tenLines is the stack of the README.
const tenLines = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
`

// twoComponents has one that is called and scales, and one that calls it.
const twoComponents = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
    uses: [main]
    scale: {min: 2, max: 10}
    env:
    - {name: COLOUR, value: red}
    - {name: SIZE, value: large}
    volumes:
    - {name: cache, emptyDir: {}}
    volumeMounts:
    - {name: cache, mountPath: /cache}
  - name: api
    image: ghcr.io/acme/api:1.0.0
    port: 9090
    uses: [web]
`

func TestTenLinesBecomeReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	stack := w.ready("shop")
	op.quiet()
	for _, object := range []client.Object{
		&appsv1.Deployment{}, &corev1.ServiceAccount{}, &policyv1.PodDisruptionBudget{}, &networkingv1.NetworkPolicy{},
	} {
		get(w, "shop-web", object)
		if !metav1.IsControlledBy(object, stack) {
			t.Errorf("%T shop-web is not controlled by the stack", object)
		}
	}
	database := get(w, "shop-main", &v1alpha1.StackDatabase{})
	if len(database.OwnerReferences) > 0 {
		t.Errorf("the database would go with its stack: %v", database.OwnerReferences)
	}
	set := get(w, "shop-main", &appsv1.StatefulSet{})
	retention := set.Spec.PersistentVolumeClaimRetentionPolicy
	if retention != nil && (retention.WhenDeleted != "Retain" || retention.WhenScaled != "Retain") {
		t.Errorf("the claims would go with their StatefulSet: %+v", retention)
	}
	if replicas := *get(w, "shop-web", &appsv1.Deployment{}).Spec.Replicas; replicas != 2 {
		t.Errorf("%d pods of a component in production", replicas)
	}
	w.checkBudget(op)
}

// checkBudget: one create for each object, one write of the anchor's credentials, and few of status.
func (w *world) checkBudget(op *operator) {
	w.t.Helper()
	creates, status := map[string]int{}, 0
	for _, r := range op.writes(0) {
		switch {
		case r.verb == "create" && r.status == 201 && r.name != "":
			creates[r.resource+"/"+r.namespace+"/"+r.name]++
		case r.subresource == "status":
			status++
		case r.verb == "delete":
			w.t.Errorf("a new stack deletes something: %s", r)
		}
	}
	for name, count := range creates {
		if count != 1 {
			w.t.Errorf("%s was created %d times", name, count)
		}
	}
	if status > 12 {
		w.t.Errorf("%d writes of status for one stack and one database", status)
	}
}

func TestConvergedStackIsAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(wholeStack)
	op := w.start(settings{})
	w.ready("shop")
	sent := op.quiet()
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { s.Annotations = map[string]string{"acme.example/owner": "team"} })
	op.quiet()
	if writes := op.writes(sent); len(writes) > 0 {
		t.Errorf("an annotation of somebody else makes the operator write: %v", writes)
	}
	op.stop()
	again := w.start(settings{resync: time.Second})
	if !again.synced() {
		t.Fatal("the caches are not filled")
	}
	again.quietFor(4 * time.Second)
	if writes := again.writes(0); len(writes) > 0 {
		t.Errorf("a restart and resyncs make the operator write: %v", writes)
	}
}

func TestDroppedEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	w.start(settings{})
	w.ready("shop")
	anchorUID := get(w, "shop-main-database-anchor", &corev1.ConfigMap{}).UID
	before := w.anchorOf("shop-main")
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) {
		s.Spec.Databases = nil
		s.Spec.Components = s.Spec.Components[:1]
		s.Spec.Components[0].Uses = []string{}
	})
	w.ready("shop")
	for _, object := range []client.Object{
		&appsv1.Deployment{}, &corev1.ServiceAccount{}, &networkingv1.NetworkPolicy{}, &policyv1.PodDisruptionBudget{},
	} {
		object.SetNamespace(w.own)
		object.SetName("shop-api")
		w.gone(object)
	}
	w.gone(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-web"}}) // nobody calls it any more
	w.eventually("nobody claims the database", func() error {
		if claim := get(w, "shop-main", &v1alpha1.StackDatabase{}).Status.ClaimedBy; claim != nil {
			return fmt.Errorf("%+v", *claim)
		}
		return nil
	})
	get(w, "shop-main", &appsv1.StatefulSet{})
	if get(w, "shop-main-database-anchor", &corev1.ConfigMap{}).UID != anchorUID {
		t.Error("the anchor is another one")
	}
	for _, name := range []string{before.Admin.Secret, before.Certificate.Secret} {
		get(w, name, &corev1.Secret{})
	}
}

func (w *world) names(list client.ObjectList) []string {
	w.t.Helper()
	w.must(w.client.List(w.t.Context(), list, client.InNamespace(w.own)))
	var names []string
	for _, object := range items(list) {
		names = append(names, object.GetName())
	}
	return names
}

// owned are the objects of the own namespace that have a controller.
func (w *world) owned() []client.Object {
	w.t.Helper()
	var owned []client.Object
	for _, list := range everyList() {
		w.must(w.client.List(w.t.Context(), list, client.InNamespace(w.own)))
		for _, object := range items(list) {
			if metav1.GetControllerOf(object) != nil {
				owned = append(owned, object)
			}
		}
	}
	return owned
}

// spoil edits a field of ours by hand.
func spoil(object client.Object) {
	object.GetLabels()["app.kubernetes.io/part-of"] = "somebody-else"
	switch o := object.(type) {
	case *appsv1.Deployment:
		o.Spec.Template.Spec.Containers[0].Image = "evil"
		o.Spec.Template.Spec.Containers[0].Env = nil
	case *appsv1.StatefulSet:
		o.Spec.Template.Spec.Containers[0].Image = "evil"
	case *corev1.Service:
		o.Spec.Ports[0].Port++
	case *corev1.ServiceAccount:
		o.AutomountServiceAccountToken = new(bool)
		*o.AutomountServiceAccountToken = true
	case *autoscalingv2.HorizontalPodAutoscaler:
		o.Spec.MaxReplicas = 99
	case *policyv1.PodDisruptionBudget:
		half := intstr.FromString("50%")
		o.Spec.MaxUnavailable = &half
	case *networkingv1.NetworkPolicy:
		o.Spec.Ingress = append(o.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
	}
}

func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	before := w.snapshot()
	kinds := map[string]bool{}
	for _, object := range w.owned() {
		kinds[fmt.Sprintf("%T", object)] = true
	}
	if len(kinds) < 9 {
		t.Errorf("only %v are tried", slices.Sorted(maps.Keys(kinds)))
	}
	spoilAll := func() {
		for _, object := range w.owned() {
			spoil(object)
			w.must(w.client.Update(t.Context(), object))
		}
	}
	spoilAll()
	w.same("after edits by hand", before)
	for _, object := range w.owned() { // the operator's watch does not see them any more
		delete(object.GetLabels(), "app.kubernetes.io/managed-by")
		delete(object.GetLabels(), "stackwright.dev/owner-kind")
		w.must(w.client.Update(t.Context(), object))
	}
	w.same("after the labels were taken away", before)
	for _, object := range w.owned() {
		w.must(w.client.Delete(t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	}
	w.same("after everything was deleted", before)
	w.ready("shop")
	op.stop()
	spoilAll()
	w.start(settings{})
	w.same("after edits while the operator was down", before)
}

// same waits until the world looks as before.
func (w *world) same(when string, before map[string]string) {
	w.t.Helper()
	w.eventually(when+" everything is as before", func() error {
		after := w.snapshot()
		var problems []error
		for _, name := range slices.Sorted(maps.Keys(before)) {
			switch {
			case after[name] == "":
				problems = append(problems, fmt.Errorf("%s is missing", name))
			case after[name] != before[name]:
				problems = append(problems, fmt.Errorf("%s differs:\n%s", name, difference(before[name], after[name])))
			}
		}
		return errors.Join(problems...)
	})
}

func TestFieldsOfOthersStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	op := w.start(settings{})
	w.ready("shop")
	sent := op.quiet()
	foreign := &appsv1.Deployment{}
	patch := `{"metadata":{"labels":{"acme.example/team":"a"},"annotations":{"acme.example/note":"b"}},"spec":{"template":{` +
		`"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-01T00:00:00Z"}},"spec":{` +
		`"volumes":[{"name":"injected","emptyDir":{}}],"containers":[{"name":"injected","image":"acme/sidecar"},` +
		`{"name":"NAME","env":[{"name":"INJECTED","value":"1"}]}]}}}}`
	get(w, "shop-web", foreign)
	name := foreign.Spec.Template.Spec.Containers[0].Name
	raw := client.RawPatch(types.StrategicMergePatchType, []byte(replaced(patch, "NAME", name)))
	w.must(w.client.Patch(t.Context(), foreign, raw, client.FieldOwner("somebody")))
	op.quiet()
	if writes := op.writes(sent); slices.ContainsFunc(writes, func(r request) bool { return r.resource == "deployments" }) {
		t.Errorf("the operator fights over fields of others: %v", writes)
	}
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { s.Spec.Components[0].Env[0].Value = new("blue") })
	w.ready("shop")
	live := get(w, "shop-web", &appsv1.Deployment{})
	pod := live.Spec.Template
	ours := containerNamed(pod.Spec, name)
	switch {
	case valueOf(ours.Env, "COLOUR") != "blue":
		t.Errorf("the edit did not arrive: %v", ours.Env)
	case live.Labels["acme.example/team"] != "a", live.Annotations["acme.example/note"] != "b":
		t.Errorf("metadata of others is lost: %v %v", live.Labels, live.Annotations)
	case pod.Annotations["kubectl.kubernetes.io/restartedAt"] == "":
		t.Error("kubectl rollout restart is undone")
	case containerNamed(pod.Spec, "injected").Image != "acme/sidecar", valueOf(ours.Env, "INJECTED") != "1":
		t.Errorf("what was injected is lost: %+v", pod.Spec.Containers)
	case !slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == "injected" }):
		t.Error("the volume that was injected is lost")
	}
}

func containerNamed(pod corev1.PodSpec, name string) corev1.Container {
	for _, container := range pod.Containers {
		if container.Name == name {
			return container
		}
	}
	return corev1.Container{}
}

func valueOf(variables []corev1.EnvVar, name string) string {
	for _, variable := range variables {
		if variable.Name == name {
			return variable.Value
		}
	}
	return ""
}

// TestRemovedFieldsDisappear: an object that was created by a plain request does not keep what is not wanted any more.
func TestRemovedFieldsDisappear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	w.start(settings{})
	w.ready("shop")
	for _, step := range []struct {
		what   string
		change func(*v1alpha1.Component)
		left   func(*appsv1.Deployment) bool
	}{
		{
			"a variable", func(c *v1alpha1.Component) { c.Env = c.Env[1:] },
			func(d *appsv1.Deployment) bool {
				return valueOf(d.Spec.Template.Spec.Containers[0].Env, "COLOUR") != ""
			},
		},
		{
			"the last variable", func(c *v1alpha1.Component) { c.Env = nil },
			func(d *appsv1.Deployment) bool { return valueOf(d.Spec.Template.Spec.Containers[0].Env, "SIZE") != "" },
		},
		{
			"a volume", func(c *v1alpha1.Component) { c.Volumes, c.VolumeMounts = nil, nil },
			func(d *appsv1.Deployment) bool {
				return slices.ContainsFunc(d.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool { return strings.HasSuffix(v.Name, "cache") })
			},
		},
		{
			"a label of the pods", func(c *v1alpha1.Component) { c.Uses = []string{} },
			func(d *appsv1.Deployment) bool { return d.Spec.Template.Labels["uses.stackwright.dev/main"] != "" },
		},
	} {
		if !step.left(get(w, "shop-web", &appsv1.Deployment{})) {
			t.Fatalf("%s was not there in the first place", step.what)
		}
		edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { step.change(&s.Spec.Components[0]) })
		w.eventually(step.what+" disappears", func() error {
			if step.left(get(w, "shop-web", &appsv1.Deployment{})) {
				return errors.New("it is there")
			}
			return nil
		})
	}
}

// TestForeignObjectsAreNotTouched: what has a name of ours and is not ours is a conflict, and stays as it is.
func TestForeignObjectsAreNotTouched(t *testing.T) {
	apiServer(t)
	t.Parallel()
	foreign := metav1.ObjectMeta{Labels: map[string]string{"app": "theirs"}}
	pod := corev1.PodTemplateSpec{
		ObjectMeta: foreign, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "theirs", Image: "theirs"}}},
	}
	selector := &metav1.LabelSelector{MatchLabels: foreign.Labels}
	for name, object := range map[string]client.Object{
		"shop-web":                  &appsv1.Deployment{ObjectMeta: foreign, Spec: appsv1.DeploymentSpec{Selector: selector, Template: pod}},
		"shop-main":                 &appsv1.StatefulSet{ObjectMeta: foreign, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: pod}},
		"shop-main-database-anchor": &corev1.ConfigMap{ObjectMeta: foreign, Data: map[string]string{"anchor.json": "{}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.conflict(name, object)
		})
	}
	t.Run("by hand", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.conflict("shop-main", &v1alpha1.StackDatabase{Spec: v1alpha1.StackDatabaseSpec{Engine: v1alpha1.EnginePostgreSQL}})
	})
}

func (w *world) conflict(name string, object client.Object) {
	w.t.Helper()
	object.SetNamespace(w.own)
	object.SetName(name)
	w.workloadsStay.Store(true)
	w.must(w.client.Create(w.t.Context(), object))
	w.apply(tenLines)
	op := w.start(settings{})
	w.condition(stackNamed("shop"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict)
	op.quiet()
	live := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	if !w.exists(live) || live.GetUID() != object.GetUID() || live.GetGeneration() != object.GetGeneration() ||
		len(live.GetLabels()) != len(object.GetLabels()) || len(live.GetOwnerReferences()) > 0 {
		w.t.Errorf("the object of somebody else was changed: %+v", live)
	}
}

func stackNamed(name string) *v1alpha1.BackendStack {
	return &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func TestOrphansAreTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	before := w.snapshot()
	uids := map[types.UID]bool{}
	for _, object := range w.owned() {
		uids[object.GetUID()] = true
		object.SetOwnerReferences(nil)
		w.must(w.client.Update(t.Context(), object))
	}
	w.same("after orphaning", before)
	for _, object := range w.owned() {
		if _, job := object.(*batchv1.Job); !job && !uids[object.GetUID()] {
			t.Errorf("%T %s was made again", object, object.GetName())
		}
	}
}

func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	w.start(settings{})
	w.ready("shop")
	scaler := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-web"}}
	get(w, "shop-web", scaler)
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { yes := true; s.Spec.Suspend = &yes })
	w.condition(stackNamed("shop"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	w.gone(scaler)
	for name, want := range map[string]int32{"shop-web": 0, "shop-api": 0} {
		if got := *get(w, name, &appsv1.Deployment{}).Spec.Replicas; got != want {
			t.Errorf("%s has %d pods while suspended", name, got)
		}
	}
	if got := *get(w, "shop-main", &appsv1.StatefulSet{}).Spec.Replicas; got != 0 {
		t.Errorf("the database has %d pods while suspended", got)
	}
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { s.Spec.Suspend = nil })
	w.ready("shop")
	get(w, "shop-web", scaler)
	if web, database := *get(w, "shop-web", &appsv1.Deployment{}).Spec.Replicas, *get(w, "shop-main", &appsv1.StatefulSet{}).Spec.Replicas; web != 2 || database != 1 {
		t.Errorf("after the resumption web has %d pods, the database %d", web, database)
	}
}

// TestReplicasAreHandedOver: what an autoscaler decided stays, and a number that is written is kept.
func TestReplicasAreHandedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(twoComponents)
	op := w.start(settings{})
	w.ready("shop")
	replicas := func() int32 { return *get(w, "shop-web", &appsv1.Deployment{}).Spec.Replicas }
	w.scale(7)
	sent := op.quiet()
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { s.Spec.Components[0].Env[0].Value = new("blue") })
	w.ready("shop")
	if got := replicas(); got != 7 {
		t.Errorf("an edit resets the autoscaler's 7 pods to %d", got)
	}
	if len(op.writes(sent)) == 0 {
		t.Error("the edit was not sent")
	}
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) {
		three := int32(3)
		s.Spec.Components[0].Scale, s.Spec.Components[0].Replicas = nil, &three
	})
	w.ready("shop")
	if got := replicas(); got != 3 {
		t.Errorf("replicas: 3 gives %d", got)
	}
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) {
		s.Spec.Components[0].Replicas, s.Spec.Components[0].Scale = nil, &v1alpha1.Scale{Max: 10}
	})
	w.ready("shop")
	if got := replicas(); got != 3 {
		t.Errorf("the autoscaler starts with %d pods instead of the 3 that run", got)
	}
	w.scale(6)
	op.quiet()
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) { s.Spec.Components[0].Env = nil })
	w.ready("shop")
	if got := replicas(); got != 6 {
		t.Errorf("a later edit resets the autoscaler's 6 pods to %d", got)
	}
}

// scale does what an autoscaler does.
func (w *world) scale(replicas int) {
	w.t.Helper()
	raw := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	w.must(w.client.SubResource("scale").Patch(w.t.Context(), get(w, "shop-web", &appsv1.Deployment{}), raw,
		client.FieldOwner("horizontal-pod-autoscaler")))
}
