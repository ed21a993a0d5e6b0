package anchor_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestOurSetsNameTheirService: a label that anybody can compute makes no credential set.
func TestOurSetsNameTheirService(t *testing.T) {
	object := func(namespace, name, of string) *corev1.ConfigMap {
		result := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}}}
		anchor.Mark(result, "StackDatabase", of, "main", 1)
		return result
	}
	for _, c := range []struct {
		set  *corev1.ConfigMap
		ours bool
	}{
		{object("shop", "main-admin-v1-bcdfg", "shop"), true},
		{object("office", "admin-db-binding-v1-bcdfg", "shop"), true},
		{object("office", "main-admin-v1-bcdfg", "shop"), false},
		{object("shop", "main-admin-v1-bcdfg", "office"), false},
		{&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: map[string]string{
			anchor.LabelSet: anchor.SetKey("StackDatabase", "shop", "main"),
		}}}, false},
	} {
		if got := anchor.Ours(c.set, "StackDatabase", "shop", "main"); got != c.ours {
			t.Errorf("%s/%s of %v: %v", c.set.Namespace, c.set.Name, c.set.Annotations, got)
		}
	}
}

// TestUnreadableAnchorsAreNotWritten: an anchor that would not be believed afterwards would lock everybody out.
func TestUnreadableAnchorsAreNotWritten(t *testing.T) {
	a := sound()
	object, err := a.ConfigMap("shop")
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		a.Consumers = append(a.Consumers, a.Consumers[0])
	}
	_, err = (&anchor.Store{}).Update(t.Context(), object, a) // without a client: nothing may be sent
	if waiting := part.AsWaiting(err); waiting == nil || waiting.Reason != v1alpha1.ReasonAnchorInvalid {
		t.Error(err)
	}
}

func TestForgetTakesOutTheDeparted(t *testing.T) {
	a := sound()
	a.Consumers[1].Departed = true
	if a.Forget(func(anchor.Consumer) bool { return true }); len(a.Consumers) != 1 || a.Consumers[0].Stack != "shop" {
		t.Errorf("%+v", a.Consumers)
	}
}
