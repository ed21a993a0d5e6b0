package rig

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

func TestAnchorsFirst(t *testing.T) {
	created := func(resource, name string, status int) Request {
		return Request{Verb: "create", Resource: resource, Namespace: "a", Name: name, Status: status}
	}
	anchor, server := created("configmaps", "shop-main-database-anchor", 201), created("statefulsets", "shop-main", 201)
	refused := created("configmaps", "shop-main-database-anchor", 409)
	for name, c := range map[string]struct {
		requests []Request
		fails    bool
	}{
		"before":                {[]Request{anchor, server}, false},
		"after":                 {[]Request{server, anchor}, true},
		"again and refused":     {[]Request{anchor, server, refused}, false},
		"of another service":    {[]Request{created("statefulsets", "shop", 201), anchor}, false},
		"of another namespace":  {[]Request{{Verb: "create", Resource: "statefulsets", Namespace: "b", Name: "shop-main", Status: 201}, anchor}, false},
		"a server that was not": {[]Request{created("statefulsets", "shop-main", 500), anchor, server}, false},
	} {
		if err := anchorsFirst(c.requests); (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnowned(t *testing.T) {
	meta := func(apiVersion string, labels map[string]string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: "x", Labels: labels, OwnerReferences: []metav1.OwnerReference{{APIVersion: apiVersion, Kind: "K", Name: "n"}}}
	}
	const ours = "stackwright.dev/v1alpha1"
	for name, c := range map[string]struct {
		object    client.Object
		confirmed bool
		fails     bool
	}{
		"claim of a stack":         {&corev1.PersistentVolumeClaim{ObjectMeta: meta(ours, nil)}, false, true},
		"claim of a StatefulSet":   {&corev1.PersistentVolumeClaim{ObjectMeta: meta("apps/v1", nil)}, false, true},
		"claim that is to go":      {&corev1.PersistentVolumeClaim{ObjectMeta: meta("apps/v1", nil)}, true, false},
		"claim of a stack that is": {&corev1.PersistentVolumeClaim{ObjectMeta: meta(ours, nil)}, true, true},
		"secret of a set":          {&corev1.Secret{ObjectMeta: meta("v1", nil)}, false, false},
		"secret of a stack":        {&corev1.Secret{ObjectMeta: meta(ours, nil)}, false, true},
		"database of a stack":      {&v1alpha1.StackDatabase{ObjectMeta: meta(ours, nil)}, false, true},
		"anchor of a database":     {&corev1.ConfigMap{ObjectMeta: meta(ours, map[string]string{anchor.LabelKind: "StackDatabase"})}, false, true},
		"credentials of a stack":   {&corev1.ConfigMap{ObjectMeta: meta(ours, map[string]string{anchor.LabelSet: "x"})}, false, true},
		"configuration of a queue": {&corev1.ConfigMap{ObjectMeta: meta(ours, nil)}, false, false},
	} {
		if err := unowned(c.object, c.confirmed); (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}
