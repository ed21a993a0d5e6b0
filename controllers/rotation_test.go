package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// rotate asks for other logins of a service. Times have whole seconds, so that it asks for those of the next one.
func (w *world) rotate(object client.Object) {
	w.t.Helper()
	if object.GetNamespace() == "" {
		object.SetNamespace(w.own)
	}
	at := metav1.NewTime(time.Now().Add(time.Second))
	edit(w, object.GetName(), object, func(o client.Object) {
		resolve.ViewOf(o).Common.Credentials = &v1alpha1.Credentials{RotatedAt: &at}
	})
}

// rotated waits until every consumer of every service has another login than before, and the one before is gone.
func (w *world) rotated(before []located) {
	w.t.Helper()
	w.eventually("every login is another one, and no earlier one is left", func() error {
		now := w.anchors()
		for i := range before {
			for j := range before[i].Consumers {
				old, c := before[i].Consumers[j], now[i].Consumers[j]
				if c.Login == old.Login || c.Set.Digest == old.Set.Digest || c.Previous != nil || c.Rotation != "" {
					return fmt.Errorf("%s: from %+v to %+v", now[i].Name, old, c)
				}
			}
		}
		return nil
	})
}

// TestLoginsAreRotated: those of every kind of service, and of a stack in another namespace; nothing is left of the ones before.
func TestLoginsAreRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(wholeStack)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	before := w.anchors()
	w.rotate(databaseNamed("shop-main"))
	w.rotate(&v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.foreign, Name: "orders"}})
	w.rotate(&v1alpha1.StackCache{ObjectMeta: metav1.ObjectMeta{Name: "shop-sessions"}})
	w.rotate(&v1alpha1.StackQueue{ObjectMeta: metav1.ObjectMeta{Name: "shop-jobs"}})
	w.rotated(before)
	w.ready("shop")
	w.setsAreWhole()
	op.quiet()
	w.setsAreWhole()
	status := get(w, "shop-main", databaseNamed("shop-main")).Status
	consumer := w.anchorOf("shop-main").Consumers[0]
	if c := status.Consumers[0]; c.Binding.Name != consumer.Set.Binding || c.Earlier != nil || !c.MadeAt.Time.Equal(consumer.Set.MadeAt()) {
		t.Errorf("the status says %+v of %+v", c, consumer)
	}
	if status.Binding.Name != consumer.Set.Binding || !slicesHas(secretsOf(&get(w, "shop-web", &appsv1.Deployment{}).Spec.Template), consumer.Set.Binding) {
		t.Errorf("the binding is %s", status.Binding.Name)
	}
}

func slicesHas(names []string, name string) bool {
	return strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ")
}

// standing stops what simulates workloads, and returns what makes them go on: Jobs only, or all.
func (w *world) standing() (jobs, all func()) {
	w.workloadsStay.Store(true)
	jobs = func() {
		list := &batchv1.JobList{}
		w.must(w.client.List(w.t.Context(), list, client.InNamespace(w.own)))
		for i := range list.Items {
			w.run(w.t.Context(), &list.Items[i])
		}
	}
	return jobs, func() {
		w.workloadsStay.Store(false)
		jobs()
		list := &appsv1.DeploymentList{}
		w.must(w.client.List(w.t.Context(), list, client.InNamespace(w.own)))
		for i := range list.Items {
			w.run(w.t.Context(), &list.Items[i])
		}
	}
}

// at waits until the consumer of the database is as told.
func (w *world) at(what string, is func(anchor.Consumer, v1alpha1.ConsumerStatus) bool) anchor.Consumer {
	w.t.Helper()
	var found anchor.Consumer
	w.eventually(what, func() error {
		found = w.anchorOf("shop-main").Consumers[0]
		status := get(w, "shop-main", databaseNamed("shop-main")).Status
		if len(status.Consumers) != 1 || !is(found, status.Consumers[0]) {
			return fmt.Errorf("%+v, the status says %+v", found, status.Consumers)
		}
		return nil
	})
	return found
}

// TestOneStepAfterTheOther: a stack is told of a login once it works; the one before is taken back once every pod has moved; and
// the next rotation begins only then.
func TestOneStepAfterTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	first := w.anchorOf("shop-main").Consumers[0]
	generation := get(w, "shop-web", &appsv1.Deployment{}).Generation
	jobs, all := w.standing()
	w.rotate(databaseNamed("shop-main"))
	second := w.at("the other login is being made", func(c anchor.Consumer, _ v1alpha1.ConsumerStatus) bool {
		return c.Rotation == anchor.RotationMaking
	})
	op.quiet()
	w.at("the stack has the login that works", func(c anchor.Consumer, status v1alpha1.ConsumerStatus) bool {
		return c.Set.Binding == second.Set.Binding && status.Binding.Name == first.Set.Binding && status.Ready == metav1.ConditionTrue
	})
	if got := get(w, "shop-web", &appsv1.Deployment{}).Generation; got != generation {
		t.Error("the stack rolls to a login that does not work yet")
	}
	jobs()
	w.at("the stack is told of the other login", func(c anchor.Consumer, status v1alpha1.ConsumerStatus) bool {
		return c.Rotation == "" && status.Binding.Name == second.Set.Binding && status.Earlier != nil && status.Earlier.Name == first.Set.Binding
	})
	w.rotate(databaseNamed("shop-main"))
	op.quietFor(3 * time.Second)
	w.at("pods that are not ready hold everything back", func(c anchor.Consumer, _ v1alpha1.ConsumerStatus) bool {
		return c.Rotation == "" && c.Previous != nil && c.Previous.Secret == first.Set.Secret && c.Set.Secret == second.Set.Secret
	})
	w.saysWhoHoldsBack("shop")
	all()
	w.at("the second rotation ends", func(c anchor.Consumer, status v1alpha1.ConsumerStatus) bool {
		return c.Previous == nil && c.Login == first.Login && c.Set.Version > second.Set.Version && status.Binding.Name == c.Set.Binding
	})
	w.setsAreWhole()
}

func (w *world) saysWhoHoldsBack(stack string) {
	w.t.Helper()
	w.eventually("the verdict names the stack", func() error {
		for _, v := range get(w, "shop-main", databaseNamed("shop-main")).Status.Capabilities {
			if v.Name == "CredentialRotation" && strings.Contains(v.Message, w.own+"/"+stack) {
				return nil
			}
		}
		return errors.New("it does not")
	})
}

// pod makes a pod of the stack that uses a binding.
func (w *world) pod(namespace, name, binding string) *corev1.Pod {
	w.t.Helper()
	template := get(w, "shop-web", &appsv1.Deployment{}).Spec.Template
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: template.Labels},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "ghcr.io/acme/shop:1.4.2", EnvFrom: []corev1.EnvFromSource{
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: binding}}},
		}}}},
	}
	w.must(w.client.Create(w.t.Context(), pod))
	return pod
}

// TestPodsKeepTheirLogin: while one uses it, whatever the Deployment says. Pods of other namespaces hold nothing back.
func TestPodsKeepTheirLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	first := w.anchorOf("shop-main").Consumers[0]
	mine := w.pod(w.own, "web-old", first.Set.Binding)
	w.pod(w.foreign, "web-old", first.Set.Binding)
	w.rotate(databaseNamed("shop-main"))
	second := w.at("the stack is told", func(c anchor.Consumer, status v1alpha1.ConsumerStatus) bool {
		return c.Rotation == "" && status.Earlier != nil && status.Earlier.Name == first.Set.Binding
	})
	w.ready("shop")
	op.quiet()
	w.at("the login is kept", func(c anchor.Consumer, _ v1alpha1.ConsumerStatus) bool {
		return c.Rotation == "" && c.Previous != nil && c.Previous.Secret == first.Set.Secret
	})
	w.must(w.client.Delete(t.Context(), mine, client.GracePeriodSeconds(0)))
	w.at("the login is taken back", func(c anchor.Consumer, status v1alpha1.ConsumerStatus) bool {
		return c.Previous == nil && c.Set.Secret == second.Set.Secret && status.Earlier == nil
	})
	w.setsAreWhole()
}

// TestRotationComesByItself: at the age that is declared, and at the time that is named, without anything else that happens. At
// rest it costs no request.
func TestRotationComesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	before := w.anchors()
	at := metav1.NewTime(time.Now().Add(8 * time.Second))
	edit(w, "shop-main", databaseNamed("shop-main"), func(d *v1alpha1.StackDatabase) {
		d.Spec.Credentials = &v1alpha1.Credentials{RotateEvery: "2h", RotatedAt: &at}
	})
	op.quiet()
	if !anchor.Equal(before[0].Anchor, w.anchors()[0].Anchor) {
		t.Error("it rotates before the time")
	}
	w.rotated(before)
	op.quiet()
	if time.Now().Before(at.Time) {
		t.Error("it rotated before the time: the test does not test")
	}
	before = w.anchors()
	edit(w, "shop-main-database-anchor", &corev1.ConfigMap{}, func(o *corev1.ConfigMap) {
		set := &before[0].Consumers[0].Set
		old := set.MadeAt().Add(-2 * time.Hour).Format(time.RFC3339)
		o.Data["anchor.json"] = strings.ReplaceAll(o.Data["anchor.json"], set.CreatedAt, old)
	})
	w.rotated(before)
	w.setsAreWhole()
	w.ready("shop")
	sent := op.quiet()
	if again := op.quietFor(2 * time.Second); again != sent {
		t.Errorf("%d requests at rest", again-sent)
	}
}

// TestCertificatesAreRenewed: stacks learn to trust the next authority, the service goes to it, and the one before is forgotten;
// nothing is left of it.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(wholeStack)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	before := w.anchors()
	orders := &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.foreign, Name: "orders"}}
	at := metav1.NewTime(time.Now().Add(time.Second))
	for _, object := range []client.Object{databaseNamed("shop-main"), orders, &v1alpha1.StackCache{ObjectMeta: metav1.ObjectMeta{Name: "shop-sessions"}}} {
		if object.GetNamespace() == "" {
			object.SetNamespace(w.own)
		}
		edit(w, object.GetName(), object, func(o client.Object) {
			resolve.ViewOf(o).Common.Credentials = &v1alpha1.Credentials{RenewedAt: &at}
		})
	}
	w.eventually("every certificate but that of the queue is another one, and the only one", func() error {
		for i, a := range w.anchors() {
			renewed := a.Certificate.CA != before[i].Certificate.CA && a.Other == nil && a.Renewal == ""
			for j := range a.Consumers {
				renewed = renewed && a.Consumers[j].Previous == nil && a.Consumers[j].Set.Authorities == nil
			}
			if renewed == (a.Kind == resolve.KindQueue) {
				return fmt.Errorf("%s: %+v, %s %+v, %+v", a.Name, a.Certificate, a.Renewal, a.Other, a.Consumers)
			}
		}
		return nil
	})
	w.ready("shop")
	op.quiet()
	w.setsAreWhole()
	a := w.anchorOf("shop-main")
	if names := secretsOf(&get(w, "shop-main", &appsv1.StatefulSet{}).Spec.Template); !slicesHas(names, a.Certificate.Secret) {
		t.Errorf("the server has %v, not %s", names, a.Certificate.Secret)
	}
	status := get(w, "shop-main", databaseNamed("shop-main")).Status.Certificate
	if status == nil || status.Renewal != "" || !status.ExpiresAt.Time.Equal(a.Certificate.Expires()) {
		t.Errorf("the status says %+v", status)
	}
	binding := get(w, a.Consumers[0].Set.Binding, &corev1.Secret{})
	if string(binding.Data["ca.crt"]) != a.Certificate.CA {
		t.Error("the binding trusts something else than what is served")
	}
}
