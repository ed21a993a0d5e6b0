package controllers_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// TestARemovedLabelIsPutBack: the stack whose database loses the label of its entry keeps its login, and gives the label back.
func TestARemovedLabelIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(tenLines)
	w.start(settings{})
	w.ready("shop")
	before := w.anchorOf("shop-main").Consumers[0]
	edit(w, "shop-main", databaseNamed("shop-main"), func(d *v1alpha1.StackDatabase) { delete(d.Labels, v1alpha1.LabelEntry) })
	w.eventually("the label is back", func() error {
		if got := get(w, "shop-main", databaseNamed("shop-main")).Labels[v1alpha1.LabelEntry]; got != "main" {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
	w.ready("shop")
	if after := w.anchorOf("shop-main").Consumers[0]; after.Departed || after.Set.Secret != before.Set.Secret {
		t.Errorf("from %+v to %+v", before, after)
	}
}

// TestAForeignSetIsLeftAlone: a ConfigMap that carries the label of a service's sets, but not the service's name, is nobody's to
// sweep; nor does it move versions.
func TestAForeignSetIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	planted := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.foreign, Name: "shop-main-admin-v9223372036854775807-bcdfg",
		Labels: map[string]string{
			"app.kubernetes.io/managed-by": "stackwright", anchor.LabelSet: anchor.SetKey("StackDatabase", w.own, "shop-main"),
		},
	}}
	w.must(w.client.Create(t.Context(), planted))
	w.apply(tenLines)
	w.start(settings{})
	w.ready("shop")
	if a := w.anchorOf("shop-main"); a.Admin.Version != 1 || a.Certificate.Version != 1 {
		t.Errorf("the versions are %d and %d", a.Admin.Version, a.Certificate.Version)
	}
	if !w.exists(planted) {
		t.Error("it was deleted")
	}
}
