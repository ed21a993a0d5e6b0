package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/engines/memcached"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/engines/rabbitmq"
	"github.com/stackwright/stackwright/controllers/engines/valkey"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzEnsure: every set of a service and its consumers is made in the service's namespace or in that of its consumer, under
// legal names, no value of a Secret stands in anything else, and a second time nothing is made.
func FuzzEnsure(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a service with some consumers"))
	f.Add(slices.Repeat([]byte{3, 1, 255, 2}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data)
		provider := parttest.Pick(s, valkey.Builtin(), postgresql.Builtin(), rabbitmq.Builtin(), memcached.Builtin())
		service := s.Service(provider.Kind, provider.Engine, "9", nil)
		service.TLS = v1alpha1.TLSDisabled // a certificate takes its time, and has a target of its own
		wanted := service.Consumers
		service.Consumers, service.Departed, service.Admin = nil, nil, nil
		if duplicate(wanted) {
			return
		}
		c := &creations{}
		m := &Maker{Client: c, Now: now, Provider: provider}
		start := &anchor.Anchor{Kind: service.Kind, Name: service.Name, Engine: service.Engine, Provider: "Builtin", Version: "9", TLS: service.TLS}
		a, err := m.Ensure(context.Background(), service, start, wanted)
		if err != nil || len(m.Failed) > 0 {
			t.Fatal(err, m.Failed)
		}
		checkCreated(t, c, service, wanted)
		checkAnchor(t, c, a, service.Namespace)
		made := len(c.objects)
		if again, err := m.Ensure(context.Background(), service, a, wanted); err != nil || !anchor.Equal(a, again) || len(c.objects) != made {
			t.Errorf("a second time %d objects were made, and %v", len(c.objects)-made, err)
		}
	})
}

func duplicate(consumers []part.Consumer) bool {
	seen := map[string]bool{}
	for _, c := range consumers {
		key := c.Namespace + "/" + c.Stack + "/" + c.Entry
		if seen[key] {
			return true
		}
		seen[key] = true
	}
	return false
}

func checkCreated(t *testing.T, c *creations, service *part.Service, consumers []part.Consumer) {
	t.Helper()
	var public strings.Builder
	for _, object := range c.objects {
		mayBe := object.GetNamespace() == service.Namespace || slices.ContainsFunc(consumers, func(c part.Consumer) bool {
			return c.Namespace == object.GetNamespace()
		})
		if problems := validation.IsDNS1123Subdomain(object.GetName()); problems != nil || !mayBe {
			t.Errorf("%s/%s: %v", object.GetNamespace(), object.GetName(), problems)
		}
		if _, secret := object.(*corev1.Secret); !secret {
			encoded, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			public.Write(encoded)
		}
	}
	for _, data := range c.secrets() {
		for key, value := range data {
			if len(validation.IsConfigMapKey(key)) > 0 || strings.Contains(key, "password") && (len(value) < PasswordLength || strings.Contains(public.String(), value)) {
				t.Errorf("the key %s, or its value, is not as it has to be", key)
			}
		}
	}
}

// checkAnchor: the record can be read back, and says of a password no more than its digest.
func checkAnchor(t *testing.T, c *creations, a *anchor.Anchor, namespace string) {
	t.Helper()
	object, err := a.ConfigMap(namespace)
	if err != nil {
		t.Fatal(err)
	}
	read, err := anchor.Parse(object, a.Kind, a.Name)
	if err != nil || !anchor.Equal(read, a) {
		t.Errorf("%+v reads as %+v (%v)", a, read, err)
	}
	for name, data := range c.secrets() {
		password := data["password"]
		if password != "" && strings.Contains(object.Data["anchor.json"], password) {
			t.Errorf("the anchor holds the password of %s", name)
		}
	}
	if a.Admin != nil {
		sum := sha256.Sum256([]byte(c.secrets()[namespace+"/"+a.Admin.Secret]["password"]))
		if hex.EncodeToString(sum[:]) != a.Admin.Digest {
			t.Error("the digest is another")
		}
	}
}

// FuzzVersions: whatever names are seen, the next version is a new one and above 0.
func FuzzVersions(f *testing.F) {
	f.Add("shop-main-admin-v3-bcdfg", 1)
	f.Add("shop-main-admin-v999999999999999999999-x", 0)
	f.Add("shop-main-admin-v9223372036854775807-x", 1<<30)
	f.Fuzz(func(t *testing.T, name string, recorded int) {
		if recorded < 0 || recorded > highest {
			return
		}
		m := maker(&creations{}, types.NamespacedName{Namespace: "shop", Name: name})
		if set := m.newSet("shop", "shop-main-admin", recorded, ""); set.Version <= recorded || set.Version > highest+1 {
			t.Errorf("after %d and %q comes %d", recorded, name, set.Version)
		}
	})
}
