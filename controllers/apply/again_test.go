package apply

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestWhatChangesNothingIsNoWrite: an API server that writes a value in another way than it was sent answers with the object as it
// was. No event follows, so that a pass that waited for one would be the last; and the next pass does not send it again.
func TestWhatChangesNothingIsNoWrite(t *testing.T) {
	types := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(types))
	utilruntime.Must(v1alpha1.AddToScheme(types))
	stack := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "stack"}}
	owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}
	sent, version := 0, ""
	keeps := interceptor.Funcs{Apply: func(_ context.Context, _ client.WithWatch, object runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
		sent++
		object.(interface{ SetResourceVersion(string) }).SetResourceVersion(version)
		return nil
	}}
	c := fake.NewClientBuilder().WithScheme(types).WithObjects(stack.DeepCopy()).WithInterceptorFuncs(keeps).Build()
	a := &Applier{Client: c, Live: c, Scheme: types, Slots: make(chan struct{}, 1), Guard: NewGuard()}
	apply := func(value string) *Result {
		t.Helper()
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "one", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(stack, owner.GVK)},
		}, Data: map[string]string{"cpu": value}}
		result, err := a.Apply(t.Context(), owner, part.Output{Objects: []client.Object{object}})
		if err != nil {
			t.Fatal(err)
		}
		live := &corev1.ConfigMap{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), live); err != nil {
			t.Fatal(err)
		}
		version = live.ResourceVersion
		return result
	}
	if made := apply("1m"); len(made.Generations) != 1 {
		t.Fatalf("made: %v", made.Generations)
	}
	for pass := range 2 {
		if again := apply("1n"); len(again.Generations) != 0 || sent != 1 {
			t.Errorf("pass %d: %v after %d writes", pass, again.Generations, sent)
		}
	}
}

// TestNothingIsMadeAgainForWhoIsGone: the objects of a deleted owner go one by one, and the cache may show that before it shows
// that the owner went.
func TestNothingIsMadeAgainForWhoIsGone(t *testing.T) {
	types := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(types))
	utilruntime.Must(v1alpha1.AddToScheme(types))
	stack := &v1alpha1.BackendStack{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "stack"}}
	wanted := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one"}}
	}
	for _, c := range []struct {
		what  string
		live  []client.Object
		again bool
	}{
		{"the owner is there", []client.Object{stack.DeepCopy()}, true},
		{"the owner is gone", nil, false},
		{"another one has its name", []client.Object{&v1alpha1.BackendStack{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "other"},
		}}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			c1 := fake.NewClientBuilder().WithScheme(types).WithObjects(c.live...).Build()
			a := &Applier{Client: c1, Live: c1, Scheme: types, Slots: make(chan struct{}, 1), Guard: NewGuard()}
			owner := desired.Owner{GVK: v1alpha1.GroupVersion.WithKind("BackendStack"), Object: stack}
			if _, err := a.Apply(t.Context(), owner, part.Output{Objects: []client.Object{wanted()}}); err != nil {
				t.Fatalf("the first time: %v", err)
			}
			if err := c1.Delete(t.Context(), wanted()); err != nil {
				t.Fatal(err)
			}
			_, err := a.Apply(t.Context(), owner, part.Output{Objects: []client.Object{wanted()}})
			if made := err == nil; made != c.again {
				t.Errorf("made again: %v, %v", made, err)
			}
			if !c.again && part.AsWaiting(err) == nil {
				t.Errorf("%v is not waited for", err)
			}
		})
	}
}
