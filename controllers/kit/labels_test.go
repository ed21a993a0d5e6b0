package kit_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestSelectorsAreFrozen: a selector cannot change on a Deployment or StatefulSet that exists.
func TestSelectorsAreFrozen(t *testing.T) {
	want := []string{"app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"}
	for _, identity := range []kit.Identity{
		kit.ComponentIdentity("shop", "web"),
		kit.LoadBalancerIdentity("shop"),
		kit.ServiceIdentity(&part.Service{Engine: "PostgreSQL", Name: "shop-main", Stack: "shop"}, "primary"),
	} {
		if got := slices.Sorted(maps.Keys(identity.Selector())); !slices.Equal(got, want) {
			t.Errorf("selector of %+v has the keys %v", identity, got)
		}
		for key, value := range identity.Selector() {
			if identity.Labels()[key] != value || value == "" {
				t.Errorf("%+v: the label %s is %q, the selector wants %q", identity, key, identity.Labels()[key], value)
			}
		}
	}
}

func TestWithCopies(t *testing.T) {
	labels := map[string]string{"a": "1"}
	got := kit.With(labels, map[string]string{"a": "2", "b": "3"})
	if !maps.Equal(got, map[string]string{"a": "2", "b": "3"}) || labels["a"] != "1" || len(labels) != 1 {
		t.Errorf("With gives %v and leaves %v", got, labels)
	}
	if got := kit.With(nil, nil); got == nil {
		t.Error("With(nil, nil) is nil: nobody can add to it")
	}
}
