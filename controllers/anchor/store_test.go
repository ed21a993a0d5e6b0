package anchor_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestAnchorIsKnownByItsContent: an anchor that lost its labels is not in the cache, and gets them back; what is no anchor stays.
func TestAnchorIsKnownByItsContent(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*corev1.ConfigMap)
		reason string
		back   bool
	}{
		{"whole", func(*corev1.ConfigMap) {}, v1alpha1.ReasonProgressing, true},
		{"without labels", func(o *corev1.ConfigMap) { o.Labels = nil }, v1alpha1.ReasonProgressing, true},
		{"without one label", func(o *corev1.ConfigMap) { delete(o.Labels, "app.kubernetes.io/managed-by") }, v1alpha1.ReasonProgressing, true},
		{"somebody else's", func(o *corev1.ConfigMap) { o.Labels, o.Data = nil, map[string]string{"a": "b"} }, v1alpha1.ReasonNameConflict, false},
		{"emptied", func(o *corev1.ConfigMap) { o.Data = nil }, v1alpha1.ReasonAnchorInvalid, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := sound()
			object := configMap(t, a)
			want := maps.Clone(object.Labels)
			c.change(object)
			changed := maps.Clone(object.Labels)
			api := fake.NewClientBuilder().WithObjects(object).Build()
			store := &anchor.Store{Client: api, Live: api}
			_, err := store.Create(t.Context(), object.Namespace, a)
			if waiting := part.AsWaiting(err); waiting == nil || waiting.Reason != c.reason {
				t.Errorf("got %v, not %s", err, c.reason)
			}
			live := &corev1.ConfigMap{}
			if err := api.Get(t.Context(), client.ObjectKeyFromObject(object), live); err != nil {
				t.Fatal(err)
			}
			if !c.back {
				want = changed
			}
			if !maps.Equal(live.Labels, want) {
				t.Errorf("the labels are %v, not %v", live.Labels, want)
			}
		})
	}
}

// TestEveryConsumerFits: an anchor whose next content could not be read again is not written, and what was made for it is made again
// and again. With the longest names, and in the middle of a change that gives each a new version, it has to be read.
func TestEveryConsumerFits(t *testing.T) {
	const most = 448 // as many as a service admits
	stack, entry, service := strings.Repeat("s", 30), strings.Repeat("e", 13), strings.Repeat("d", 44)
	a := sound()
	a.Name, a.Consumers = service, nil
	for i := range most {
		name := fmt.Sprintf("%s%03d", stack[3:], i)
		binding := name + "-" + entry + "-binding-v1073741824-abcde"
		set := anchor.Set{
			Version: 1 << 30, ConfigMap: service + "-login-v1073741824-abcde", Secret: service + "-login-v1073741824-abcde",
			RemoteConfigMap: binding, Binding: binding, Facts: "0123456789", Digest: strings.Repeat("a", 64), CreatedAt: "2026-01-01T00:00:00Z",
			Keys: strings.Fields("ca.crt database host password port provider tls-uri type uri username"),
		}
		long := strings.Repeat("x", 63)
		a.Consumers = append(a.Consumers, anchor.Consumer{
			Namespace: strings.Repeat("n", 63), Stack: name, Entry: entry, Access: v1alpha1.AccessReadWrite,
			Database: long, Group: long, Login: long, Set: set, Previous: &set,
		})
	}
	a.Admin, a.Certificate, a.Backup = nil, nil, nil
	if _, err := anchor.Parse(configMap(t, a), a.Kind, a.Name); err != nil {
		t.Error(err)
	}
}
