package resolve_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// inlineAnchor is that of the database of entry main of stack shop, whose binding an earlier build made with two keys.
func inlineAnchor(t *testing.T) client.Object {
	t.Helper()
	const name = "shop-main-binding-v1-bcdfg"
	a := &anchor.Anchor{
		Kind: "StackDatabase", Name: "shop-main", Engine: "PostgreSQL", Provider: "Builtin", Version: "17", TLS: v1alpha1.TLSRequired,
		Claimant: &v1alpha1.Claimant{Stack: "shop", Entry: "main"},
		Consumers: []anchor.Consumer{{Namespace: "shop", Stack: "shop", Entry: "main", Login: "x_a", Set: anchor.Set{
			Version: 1, ConfigMap: name, Secret: name, Binding: name, Keys: []string{"host", "uri"},
		}}},
	}
	object, err := a.ConfigMap("shop")
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestARemovedLabelCostsNobodyTheLogin: where labels say nothing the anchor does, and the keys are those of the Secret that is.
func TestARemovedLabelCostsNobodyTheLogin(t *testing.T) {
	for _, labels := range []map[string]string{nil, {v1alpha1.LabelStack: "shop"}, {v1alpha1.LabelEntry: "main"}} {
		d := database(t, "shop", "shop-main", "{}")
		d.Labels, d.Status.Provider = labels, "Builtin"
		d.Status.Consumers = []v1alpha1.ConsumerStatus{{
			Namespace: "shop", Stack: "shop", Entry: "main", Ready: metav1.ConditionTrue,
			Binding: &v1alpha1.BindingReference{Name: "shop-main-binding-v1-bcdfg"},
		}}
		s := stack(t, `{databases: [{name: main, engine: PostgreSQL}], components: [{name: web, image: a, port: 80}]}`)
		r := cluster(inlineAnchor(t), d, s)
		got, err := r.Service(context.Background(), d)
		if err != nil || len(got.Consumers) != 1 || got.Anchor.Consumers[0].Departed {
			t.Errorf("with the labels %v: %+v, %v", labels, got.Consumers, err)
		}
		if uses := component(t, plan(t, r, s), "web").Uses[0]; !slices.Equal(uses.Keys, []string{"host", "uri"}) {
			t.Errorf("the keys are %v", uses.Keys)
		}
	}
	d := database(t, "shop", "shop-main", "{}")
	d.Labels = map[string]string{v1alpha1.LabelStack: "other"}
	s := stack(t, `{databases: [{name: main, engine: PostgreSQL}]}`)
	_, err := cluster(inlineAnchor(t), d, s).Stack(context.Background(), s)
	fails(t, err, v1alpha1.ReasonNameConflict)
}

// TestRefusedStacksDoNotFillTheStatus: anybody may refer to a service; each sees for itself that it is not let in.
func TestRefusedStacksDoNotFillTheStatus(t *testing.T) {
	d := database(t, "office", "main", "{}")
	d.Status.Endpoint = &v1alpha1.ServiceEndpoint{Host: "inner", Port: 1}
	objects := []client.Object{d}
	for i := range 600 {
		s := stack(t, `{databases: [{name: db, ref: {namespace: office, name: main}}], components: [{name: web, image: a, port: 80}]}`)
		s.Name = fmt.Sprintf("shop-%d", i)
		objects = append(objects, s)
	}
	r := cluster(objects...)
	got, err := r.Service(context.Background(), d)
	if err != nil || len(got.Refused) > 32 {
		t.Errorf("%d refusals, %v", len(got.Refused), err)
	}
	last := plan(t, r, objects[600].(*v1alpha1.BackendStack)) //nolint:forcetypeassert // made above
	fails(t, last.Held["web"], v1alpha1.ReasonNotGranted, "allowedConsumers")
	if last.Entries[0].Service != nil {
		t.Error("a stack that is not let in sees how the service is")
	}

	d.Spec.AllowedConsumers = []v1alpha1.DatabaseGrant{{Namespaces: v1alpha1.NamespaceGrant{From: v1alpha1.NamespacesAll}}}
	got, err = r.Service(context.Background(), d)
	if err != nil || len(got.Consumers)+len(got.Refused) > 512 {
		t.Errorf("%d consumers and %d refusals, %v", len(got.Consumers), len(got.Refused), err)
	}
}
