package memcached

import (
	"maps"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

func TestBinding(t *testing.T) {
	s := &part.Service{Namespace: "shop", Name: "pages", Shards: 2, ClusterDomain: "cluster.local", TLS: v1alpha1.TLSDisabled}
	const both = "pages-0.pages.shop.svc.cluster.local:11211,pages-1.pages.shop.svc.cluster.local:11211"
	want := map[string]string{
		"type": "memcached", "provider": "stackwright", "host": "pages.shop.svc.cluster.local", "port": "11211",
		"servers": both, "uri": "memcached://" + both,
	}
	if got := binding(s, part.Consumer{}, ""); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	s.TLS = v1alpha1.TLSRequired
	if got := binding(s, part.Consumer{}, "")["tls"]; got != "true" {
		t.Errorf("tls is %q", got)
	}
}

// TestShardsRollNothing: a further node must not restart those that hold content.
func TestShardsRollNothing(t *testing.T) {
	s := &part.Service{Namespace: "shop", Name: "pages", Engine: "Memcached", Shards: 1, TLS: v1alpha1.TLSDisabled}
	template := func() string {
		set := statefulSet(s, identity(s))
		return set.Spec.Template.String() + set.Annotations["stackwright.dev/inputs-hash"]
	}
	before := template()
	s.Shards = 3
	if template() != before {
		t.Error("the pod changes with the number of nodes")
	}
}

// TestFlags: every setting has its option.
func TestFlags(t *testing.T) {
	for name := range settings {
		if flags[name] == "" {
			t.Errorf("%s has no option", name)
		}
	}
}
