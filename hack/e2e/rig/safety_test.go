package rig

import (
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/hack/e2e/audit"
)

// A claim that went while nobody could watch is missed when the watch begins again, unless the cluster itself was taken back.
func TestSafetyComparesAfterOutage(t *testing.T) {
	claims := func(names ...string) *corev1.PersistentVolumeClaimList {
		list := &corev1.PersistentVolumeClaimList{}
		for _, name := range names {
			list.Items = append(list.Items, corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "own", Name: name}})
		}
		return list
	}
	for name, reset := range map[string]bool{"outage": false, "restore": true} {
		s := newSafety(&Lane{})
		judge := func(kind watch.EventType, o client.Object) error {
			return s.claim(kind, o.(*corev1.PersistentVolumeClaim)) //nolint:forcetypeassert // the list is of this type
		}
		s.compare(claims("a", "b"), judge)
		s.see(watch.Added, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "own", Name: "other"}}, func(watch.EventType, client.Object) error { return nil })
		if len(s.violations) > 0 {
			t.Fatalf("%s: %v", name, s.violations)
		}
		if reset {
			s.Reset()
		}
		s.compare(claims("b"), judge)
		if got := len(s.violations) == 0; got != reset {
			t.Errorf("%s: %v", name, s.violations)
		}
	}
}

// Until an API server that starts has read the roles it refuses everything.
func TestRefusalWhileStarting(t *testing.T) {
	now := time.Now()
	s := newSafety(&Lane{})
	s.Starting(now, now.Add(time.Minute))
	for offset, forbidden := range map[time.Duration]bool{-time.Second: true, time.Second: false, time.Hour: true} {
		event := &audit.Event{Verb: "watch", Time: now.Add(offset), Annotations: map[string]string{"authorization.k8s.io/decision": "forbid"}}
		_ = json.Unmarshal([]byte(`{"objectRef":{"resource":"pods"}}`), event) // the type has no name
		if why := s.forbidden(event); (why != "") != forbidden {
			t.Errorf("after %s: %q", offset, why)
		}
	}
}
