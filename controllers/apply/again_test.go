package apply

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/part"
)

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
