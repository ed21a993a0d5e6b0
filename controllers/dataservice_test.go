package controllers_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/part"
)

// anchorOf reads the anchor of the database of the stack shop.
func (w *world) anchorOf(service string) *anchor.Anchor {
	w.t.Helper()
	object := get(w, service+"-database-anchor", &corev1.ConfigMap{})
	a, err := anchor.Parse(object, "StackDatabase", service)
	w.must(err)
	return a
}

// deleted removes an object as a person would, and waits until it is gone.
func (w *world) deleted(object client.Object) {
	w.t.Helper()
	if object.GetNamespace() == "" {
		object.SetNamespace(w.own)
	}
	w.must(w.client.Delete(w.t.Context(), object))
	w.gone(object)
}

func databaseNamed(name string) *v1alpha1.StackDatabase {
	return &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// TestStackIsTakenUpAgain: a stack of the same name finds its database with its data, under a new login.
func TestStackIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	w.start(settings{})
	w.ready("shop")
	before, uid := w.anchorOf("shop-main"), get(w, "shop-main", &appsv1.StatefulSet{}).UID
	w.deleted(stackNamed("shop"))
	w.gone(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-web"}})
	w.eventually("the login is taken back", func() error {
		if a := w.anchorOf("shop-main"); len(a.Consumers) != 0 { // a record is kept until its login was taken back
			return fmt.Errorf("%+v", a.Consumers)
		}
		return nil
	})
	w.apply(tenLines)
	w.ready("shop")
	after := w.anchorOf("shop-main")
	old, next := before.Consumers[0], after.Consumers[0]
	switch {
	case get(w, "shop-main", &appsv1.StatefulSet{}).UID != uid:
		t.Error("the StatefulSet was made again")
	case after.Admin.Secret != before.Admin.Secret, after.Certificate.Secret != before.Certificate.Secret:
		t.Error("the service's own credentials changed")
	case next.Database != old.Database || next.Group != old.Group:
		t.Errorf("the database was %s of %s, it is %s of %s", old.Database, old.Group, next.Database, next.Group)
	case next.Set.Secret == old.Set.Secret || next.Set.Digest == old.Set.Digest || next.Departed:
		t.Errorf("the login was %s of version %d, it is %s of %d", old.Login, old.Set.Version, next.Login, next.Set.Version)
	}
}

// TestDatabaseIsTakenUpAgain: a StackDatabase that is made again runs on what its anchor recorded.
func TestDatabaseIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	w.start(settings{})
	w.ready("shop")
	before := w.anchorOf("shop-main")
	uid := get(w, "shop-main-database-anchor", &corev1.ConfigMap{}).UID
	set := get(w, "shop-main", &appsv1.StatefulSet{}).UID
	old := get(w, "shop-main", databaseNamed("shop-main")).UID
	w.must(w.client.Delete(t.Context(), &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main"}}))
	w.eventually("the database is made again", func() error {
		database := databaseNamed("shop-main")
		database.Namespace = w.own
		if !w.exists(database) || database.UID == old || !meta.IsStatusConditionTrue(database.Status.Conditions, "Ready") {
			return errors.New("not yet")
		}
		return nil
	})
	w.ready("shop")
	if get(w, "shop-main-database-anchor", &corev1.ConfigMap{}).UID != uid || !anchor.Equal(before, w.anchorOf("shop-main")) {
		t.Errorf("the anchor changed from %+v to %+v", before, w.anchorOf("shop-main"))
	}
	if get(w, "shop-main", &appsv1.StatefulSet{}).UID == set {
		t.Error("the StatefulSet outlived its StackDatabase: the test does not test")
	}
}

// TestDefinitionsAreDeleted: without its CRDs the operator's objects go, and no byte of data; all comes back with them.
func TestDefinitionsAreDeleted(t *testing.T) {
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	w.claim()
	before, secrets := w.anchorOf("shop-main"), w.names(&corev1.SecretList{})
	op.stop()
	definitions := &apiextensionsv1.CustomResourceDefinitionList{}
	w.must(w.client.List(t.Context(), definitions))
	for i := range definitions.Items {
		w.must(w.client.Delete(t.Context(), &definitions.Items[i]))
	}
	w.gone(&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main"}})
	w.gone(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-web"}})
	for i := range definitions.Items {
		w.eventually("the definitions are gone", func() error {
			if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(&definitions.Items[i]), &apiextensionsv1.CustomResourceDefinition{}); err == nil {
				return errors.New(definitions.Items[i].Name)
			}
			return nil
		})
	}
	if claim := get(w, "data-shop-main-0", &corev1.PersistentVolumeClaim{}); !claim.DeletionTimestamp.IsZero() {
		t.Error("the claim goes")
	}
	if left := w.names(&corev1.SecretList{}); !slices.Equal(left, secrets) {
		t.Errorf("of the Secrets %v are left %v", secrets, left)
	}
	_, err := envtest.InstallCRDs(w.plane.config, envtest.CRDInstallOptions{
		Scheme: w.plane.scheme, Paths: w.plane.environment.CRDDirectoryPaths, ErrorIfPathMissing: true,
	})
	w.must(err)
	w.start(settings{})
	w.apply(tenLines)
	w.ready("shop")
	after := w.anchorOf("shop-main")
	if after.Admin.Secret != before.Admin.Secret || after.Consumers[0].Database != before.Consumers[0].Database {
		t.Errorf("the anchor changed from %+v to %+v", before, after)
	}
}

// claim makes the claim that the StatefulSet controller would make.
func (w *world) claim() *corev1.PersistentVolumeClaim {
	w.t.Helper()
	set := get(w, "shop-main", &appsv1.StatefulSet{})
	template := set.Spec.VolumeClaimTemplates[0]
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: template.Name + "-shop-main-0", Labels: set.Spec.Template.Labels},
		Spec:       template.Spec,
	}
	w.must(w.client.Create(w.t.Context(), claim))
	return claim
}

// elsewhere is another provider of PostgreSQL, which would be taken first.
func elsewhere() []part.Provider {
	other := postgresql.Builtin()
	other.Name = "Elsewhere"
	return append([]part.Provider{other}, controllers.Providers()...)
}

// TestRecordedProviderSticks: a provider that is installed later serves new databases, and never one that exists.
func TestRecordedProviderSticks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	op.stop()
	again := w.start(settings{Options: controllers.Options{Providers: elsewhere()}})
	w.apply(replaced(tenLines, "shop}", "other}"))
	w.ready("other")
	w.ready("shop")
	if got := w.anchorOf("shop-main").Provider; got != "Builtin" {
		t.Errorf("the database went to %s", got)
	}
	if got := w.anchorOf("other-main").Provider; got != "Elsewhere" {
		t.Errorf("a new database is served by %s: the test does not test", got)
	}
	w.deleted(stackNamed("shop"))
	w.must(w.client.Delete(t.Context(), &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main"}}))
	w.gone(&v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main"}})
	w.apply(tenLines)
	w.ready("shop")
	if got := get(w, "shop-main", databaseNamed("shop-main")).Status.Provider; got != "Builtin" {
		t.Errorf("the database that was made again went to %s", got)
	}
	again.quiet()
}

// TestRecordedProviderIsMissing: nothing changes until it is back.
func TestRecordedProviderIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	op.stop()
	before := w.snapshot()
	less := slices.DeleteFunc(controllers.Providers(), func(p part.Provider) bool { return p.Engine == "PostgreSQL" })
	again := w.start(settings{Options: controllers.Options{Providers: less}})
	w.condition(databaseNamed("shop-main"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProviderMissing)
	w.condition(stackNamed("shop"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProviderMissing)
	again.quiet()
	for _, r := range again.writes(0) {
		if r.subresource != "status" {
			t.Errorf("something is changed: %s", r)
		}
	}
	after := w.snapshot()
	for name := range before {
		if after[name] != before[name] {
			t.Errorf("%s differs:\n%s", name, difference(before[name], after[name]))
		}
	}
	w.condition(stackNamed("shop"), v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonServing)
}

const sharedDatabase = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: FOREIGN}
spec: {engine: PostgreSQL}
---
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: orders, ref: {namespace: FOREIGN, name: orders, database: orders}}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
`

// TestSharingNeedsAGrant: without one the stack waits; a grant lets it in; taking the grant back takes the login back, and
// leaves what runs as it is.
func TestSharingNeedsAGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(sharedDatabase)
	w.start(settings{})
	w.condition(stackNamed("shop"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotGranted)
	if w.exists(&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-web"}}) {
		t.Error("a component runs without the database that it uses")
	}
	if secrets := w.names(&corev1.SecretList{}); len(secrets) > 0 {
		t.Errorf("Secrets %v for a stack that is not admitted", secrets)
	}
	orders := databaseNamed("orders")
	orders.Namespace = w.foreign
	grant := v1alpha1.DatabaseGrant{Namespaces: v1alpha1.NamespaceGrant{From: v1alpha1.NamespacesAll}, Databases: []string{"orders"}}
	edit(w, "orders", orders, func(d *v1alpha1.StackDatabase) { d.Spec.AllowedConsumers = []v1alpha1.DatabaseGrant{grant} })
	w.ready("shop")
	w.setsAreWhole()
	live := get(w, "shop-web", &appsv1.Deployment{})
	edit(w, "orders", orders, func(d *v1alpha1.StackDatabase) { d.Spec.AllowedConsumers = nil })
	w.condition(stackNamed("shop"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotGranted)
	if again := get(w, "shop-web", &appsv1.Deployment{}); again.UID != live.UID || again.Generation != live.Generation {
		t.Error("what runs was changed")
	}
	w.eventually("the login is taken back", func() error {
		for _, a := range w.anchors() {
			if len(a.Consumers) != 0 { // a record is kept until its login was taken back
				return fmt.Errorf("%+v", a.Consumers)
			}
		}
		return nil
	})
}

// newerBuild renders every pod template of a stack and of PostgreSQL with another annotation, as a later build might.
func newerBuild() controllers.Options {
	mark := func(output *part.Output) {
		for _, object := range output.Objects {
			if template := desired.Template(object); template != nil {
				template.Annotations = map[string]string{"acme.example/build": "newer"}
			}
		}
	}
	var rooms desired.Rooms
	for _, room := range controllers.Rooms() {
		rooms = append(rooms, func(s *part.Stack) (part.Output, error) {
			output, err := room(s)
			mark(&output)
			return output, err
		})
	}
	providers := controllers.Providers()
	for i := range providers {
		build := providers[i].Build
		providers[i].Build = func(s *part.Service) (part.Output, error) {
			output, err := build(s)
			mark(&output)
			return output, err
		}
	}
	return controllers.Options{Rooms: rooms, Providers: providers}
}

// TestNewerBuildRestartsNothing: what only the operator changed waits, and goes out with the next change of an input, with
// restartedAt, or when a drift has to be repaired anyway.
func TestNewerBuildRestartsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(`
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  defaults: {image: ghcr.io/acme/shop:1.4.2}
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - {name: edited, port: 8080}
  - {name: restarted, port: 8080}
  - {name: drifted, port: 8080}
  - {name: scaled, port: 8080}
`)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	op.stop()
	names := []string{"edited", "restarted", "drifted", "scaled"}
	before := w.generations(names)
	newer := w.start(settings{Options: newerBuild()})
	w.condition(stackNamed("shop"), v1alpha1.ConditionUpdateAvailable, metav1.ConditionTrue, v1alpha1.ReasonHeldBack)
	w.condition(databaseNamed("shop-main"), v1alpha1.ConditionUpdateAvailable, metav1.ConditionTrue, v1alpha1.ReasonHeldBack)
	w.ready("shop")
	newer.quiet()
	if after := w.generations(names); !maps.Equal(before, after) {
		t.Errorf("generations were %v, they are %v", before, after)
	}
	later := metav1.Now()
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) {
		s.Spec.Components[0].Env = []v1alpha1.EnvVar{{Name: "COLOUR", Value: new("blue")}}
		s.Spec.Components[1].RestartedAt = &later
		s.Spec.Components[3].Replicas = new(int32(3))
	})
	edit(w, "shop-drifted", &appsv1.Deployment{}, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "evil" })
	for _, name := range names[:3] {
		w.eventually("the template of "+name+" goes out", func() error {
			pod := get(w, "shop-"+name, &appsv1.Deployment{}).Spec.Template
			if pod.Annotations["acme.example/build"] != "newer" || pod.Spec.Containers[0].Image != "ghcr.io/acme/shop:1.4.2" {
				return fmt.Errorf("annotations %v, image %s", pod.Annotations, pod.Spec.Containers[0].Image)
			}
			return nil
		})
	}
	w.eventually("the number of pods goes out", func() error {
		if got := *get(w, "shop-scaled", &appsv1.Deployment{}).Spec.Replicas; got != 3 {
			return fmt.Errorf("%d pods", got)
		}
		return nil
	})
	if pod := get(w, "shop-scaled", &appsv1.Deployment{}).Spec.Template; pod.Annotations["acme.example/build"] != "" {
		t.Error("a change of the number of pods lets out a template that is held back")
	}
	edit(w, "shop-main", databaseNamed("shop-main"), func(d *v1alpha1.StackDatabase) { d.Spec.RestartedAt = &later })
	w.eventually("the template of the database goes out", func() error {
		if got := get(w, "shop-main", &appsv1.StatefulSet{}).Spec.Template.Annotations["acme.example/build"]; got != "newer" {
			return errors.New(got)
		}
		return nil
	})
}

func (w *world) generations(names []string) map[string]int64 {
	w.t.Helper()
	result := map[string]int64{"main": get(w, "shop-main", &appsv1.StatefulSet{}).Generation}
	for _, name := range names {
		result[name] = get(w, "shop-"+name, &appsv1.Deployment{}).Generation
	}
	return result
}

// TestUnconfirmedDeletionKeepsTheData: deletionPolicy Delete alone acts as Retain, and does not block.
func TestUnconfirmedDeletionKeepsTheData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deletable()
	w.deleted(databaseNamed("shop-main"))
	get(w, "shop-main-database-anchor", &corev1.ConfigMap{})
	w.gone(&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main"}})
	if claim := get(w, "data-shop-main-0", &corev1.PersistentVolumeClaim{}); !claim.DeletionTimestamp.IsZero() {
		t.Error("the claim goes")
	}
	if secrets := w.names(&corev1.SecretList{}); len(secrets) == 0 {
		t.Error("the credentials of the data are gone")
	}
}

// TestConfirmedDeletionRemovesTheData: the claims of pods that run go, by Kubernetes' hand; those of others stay.
func TestConfirmedDeletionRemovesTheData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deletable()
	edit(w, "shop-main", databaseNamed("shop-main"), func(d *v1alpha1.StackDatabase) {
		d.Annotations = map[string]string{v1alpha1.AnnotationConfirmDeletion: "shop-main"}
	})
	database := databaseNamed("shop-main")
	database.Namespace = w.own
	w.must(w.client.Delete(t.Context(), database))
	set := &appsv1.StatefulSet{}
	w.eventually("the StatefulSet lets its claims go", func() error {
		retention := get(w, "shop-main", set).Spec.PersistentVolumeClaimRetentionPolicy
		if retention == nil || retention.WhenDeleted != appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
			return fmt.Errorf("%+v", retention)
		}
		return nil
	})
	if !w.exists(database) {
		t.Error("the database is gone before its claims have an owner")
	}
	edit(w, "data-shop-main-0", &corev1.PersistentVolumeClaim{}, func(claim *corev1.PersistentVolumeClaim) { // as its controller does
		claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID}}
		claim.Finalizers = nil
	})
	w.gone(database)
	w.gone(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "data-shop-main-0"}})
	w.gone(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "shop-main-database-anchor"}})
	w.eventually("the Secrets go with their sets", func() error {
		if secrets := w.names(&corev1.SecretList{}); len(secrets) > 0 {
			return fmt.Errorf("%v", secrets)
		}
		return nil
	})
}

// deletable is a database of its own with deletionPolicy Delete, and its claim.
func (w *world) deletable() {
	w.t.Helper()
	w.apply(`
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: shop-main}
spec: {engine: PostgreSQL, deletionPolicy: Delete}
`)
	w.start(settings{})
	w.condition(databaseNamed("shop-main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.claim()
	w.eventually("the finalizer is held", func() error {
		if len(get(w, "shop-main", databaseNamed("shop-main")).Finalizers) == 0 {
			return errors.New("no finalizer")
		}
		return nil
	})
}

// TestClaimsThatCannotGrow: a larger size is asked of the claims that exist, and a refusal is told. Here no claim is bound, so
// that none may grow.
func TestClaimsThatCannotGrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	w.start(settings{})
	w.ready("shop")
	claim := w.claim()
	edit(w, "shop", stackOf(w), func(s *v1alpha1.BackendStack) {
		s.Spec.Databases[0].Storage = &v1alpha1.Storage{Size: "50Gi"}
	})
	condition := w.condition(databaseNamed("shop-main"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonStoragePending)
	if !strings.Contains(condition.Message, claim.Name) || !strings.Contains(condition.Message, "50Gi") {
		t.Errorf("%q names neither claim nor size", condition.Message)
	}
}
