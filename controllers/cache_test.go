package controllers

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSlimSharesTexts: what is kept says the same, and what two objects say alike is kept once.
func TestSlimSharesTexts(t *testing.T) {
	object := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: strings.Clone("shop"), Name: "one", Labels: map[string]string{strings.Clone("app"): strings.Clone("web")},
			Annotations:     map[string]string{"note": strings.Repeat("x", 2*longestShared)},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "A", Name: strings.Clone("owner"), UID: "1"}},
		}}
	}
	first, second := object(), object()
	for _, o := range []*corev1.ConfigMap{first, second} {
		if _, err := slim(o); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(first, object()) {
		t.Errorf("%+v", first)
	}
	same := func(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }
	if !same(first.Namespace, second.Namespace) || !same(first.Labels["app"], second.Labels["app"]) ||
		!same(first.OwnerReferences[0].Name, second.OwnerReferences[0].Name) {
		t.Error("texts are kept twice")
	}
}
