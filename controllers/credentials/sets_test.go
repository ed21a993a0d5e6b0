package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// creations keeps what is created; the failing one fails.
type creations struct {
	objects []client.Object
	failing int
}

func (c *creations) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	if c.failing > 0 && len(c.objects)+1 == c.failing {
		c.failing = 0
		return errors.New("the answer was lost")
	}
	object.SetUID(types.UID(fmt.Sprintf("uid-%d", len(c.objects))))
	c.objects = append(c.objects, object)
	return nil
}

func (c *creations) secrets() map[string]map[string]string {
	result := map[string]map[string]string{}
	for _, object := range c.objects {
		if secret, ok := object.(*corev1.Secret); ok {
			result[secret.Namespace+"/"+secret.Name] = secret.StringData
		}
	}
	return result
}

func maker(c *creations, seen ...types.NamespacedName) *Maker {
	return &Maker{Client: c, Now: now, Seen: seen, Provider: part.Provider{
		AdminValues: []string{"password", "probe"},
		ServerNames: func(*part.Service) []string { return hosts },
		Login: func(_ *part.Service, c *part.Consumer) {
			c.Login = fmt.Sprintf("login_%d", c.Credential.Version%2)
			c.Database = "data"
		},
		Binding: func(_ *part.Service, c part.Consumer, password string) map[string]string {
			return map[string]string{"type": "test", "host": "h", "port": "1", "uri": c.Login + ":" + password}
		},
	}}
}

var (
	service = &part.Service{
		Kind: "StackDatabase", Namespace: "shop", Name: "shop-main", Engine: "Test", Stack: "shop", TLS: v1alpha1.TLSRequired,
	}
	consumers = []part.Consumer{
		{Namespace: "shop", Stack: "shop", Entry: "main", Access: v1alpha1.AccessOwner},
		{Namespace: "office", Stack: "admin", Entry: "orders", Access: v1alpha1.AccessReadOnly},
	}
)

func ensure(t *testing.T, m *Maker, recorded *anchor.Anchor, consumers ...part.Consumer) *anchor.Anchor {
	t.Helper()
	next, err := m.Ensure(context.Background(), service, recorded, consumers)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestEnsureMakesEverySetOnce(t *testing.T) {
	c := &creations{}
	a := ensure(t, maker(c), &anchor.Anchor{}, consumers...)
	made := len(c.objects)
	again := ensure(t, maker(c), a, consumers...)
	if len(c.objects) != made || !anchor.Equal(a, again) {
		t.Errorf("a second pass makes %d objects more", len(c.objects)-made)
	}
	secrets := c.secrets()
	own, remote := a.Consumers[0].Set, a.Consumers[1].Set
	switch {
	case len(secrets) != 5:
		t.Errorf("%d Secrets", len(secrets))
	case own.Binding != own.Secret || own.RemoteConfigMap != "":
		t.Errorf("the binding in the own namespace is %+v", own)
	case secrets["office/"+remote.Binding]["password"] == "" ||
		secrets["office/"+remote.Binding]["password"] != secrets["shop/"+remote.Secret]["password"]:
		t.Error("the two Secrets of one version differ")
	case digestOf(secrets["shop/"+own.Secret]["password"]) != own.Digest || own.Digest == remote.Digest:
		t.Error("the digest is not that of the password")
	case secrets["shop/"+own.Secret]["ca.crt"] != a.Certificate.CA || a.Certificate.CA == "":
		t.Error("the binding lacks the authority")
	case !strings.Contains(secrets["shop/"+own.Secret]["uri"], secrets["shop/"+own.Secret]["password"]):
		t.Error("the address has another password")
	case secrets["shop/"+a.Admin.Secret]["password"] == secrets["shop/"+a.Admin.Secret]["probe"]:
		t.Error("two values are one")
	}
	for i, object := range c.objects {
		if secret, ok := object.(*corev1.Secret); ok {
			facts := c.objects[i-1]
			if !*secret.Immutable || secret.OwnerReferences[0].UID != facts.GetUID() || len(facts.GetOwnerReferences()) > 0 {
				t.Errorf("Secret %s is not owned by the ConfigMap that was made before it", secret.Name)
			}
		} else if strings.Contains(fmt.Sprint(object), secrets["shop/"+own.Secret]["password"]) {
			t.Errorf("a ConfigMap holds a password: %v", object)
		}
	}
}

// TestFailuresBurnAVersion: whatever creation fails, the anchor does not name what was half made, and the next try neither
// uses its version nor its values.
func TestFailuresBurnAVersion(t *testing.T) {
	whole := &creations{}
	ensure(t, maker(whole), &anchor.Anchor{}, consumers...)
	for failing := 1; failing <= len(whole.objects); failing++ {
		c := &creations{failing: failing}
		recorded := &anchor.Anchor{}
		m := maker(c)
		next, err := m.Ensure(context.Background(), service, recorded, consumers)
		switch {
		case err == nil && len(m.Failed) != 1, err != nil && (next != nil || len(m.Failed) != 0):
			t.Fatalf("creation %d fails: %v, %+v, %+v", failing, err, next, m.Failed)
		case !anchor.Equal(recorded, &anchor.Anchor{}):
			t.Errorf("creation %d fails, and the anchor that was read changed", failing)
		case err == nil && next.Find(m.Failed[0].Consumer.Namespace, m.Failed[0].Consumer.Stack, m.Failed[0].Consumer.Entry) != nil:
			t.Errorf("creation %d fails, and the anchor names the set", failing)
		}
		if next == nil {
			next = recorded
		}
		var seen []types.NamespacedName
		burnt := map[string]bool{}
		for _, object := range c.objects {
			seen = append(seen, client.ObjectKeyFromObject(object))
			burnt[object.GetNamespace()+"/"+object.GetName()] = !strings.Contains(fmt.Sprintf("%+v", named(next)), object.GetName())
		}
		recorded = next
		a := ensure(t, maker(c, seen...), recorded, consumers...)
		for _, name := range []string{
			"shop/" + a.Admin.Secret, "shop/" + a.Certificate.Secret, "shop/" + a.Consumers[0].Set.Secret,
			"shop/" + a.Consumers[1].Set.Secret, "office/" + a.Consumers[1].Set.Binding,
		} {
			if burnt[name] {
				t.Errorf("creation %d failed, and %s counts", failing, name)
			}
		}
	}
}

// named are the sets that an anchor names, as text.
func named(a *anchor.Anchor) string {
	content, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

func TestOtherFactsMakeAnotherVersion(t *testing.T) {
	c := &creations{}
	first := ensure(t, maker(c), &anchor.Anchor{}, consumers[0])
	moved := maker(c)
	moved.Provider.Binding = func(*part.Service, part.Consumer, string) map[string]string {
		return map[string]string{"type": "test", "host": "elsewhere", "port": "1"}
	}
	next := ensure(t, moved, first, consumers[0])
	old, set := first.Consumers[0], next.Consumers[0]
	if set.Set.Version != old.Set.Version+1 || set.Login == old.Login || set.Previous == nil || set.Previous.Secret != old.Set.Secret {
		t.Errorf("from %+v to %+v", old, set)
	}
	more := maker(c)
	more.Provider.Binding = func(_ *part.Service, _ part.Consumer, _ string) map[string]string {
		return map[string]string{"type": "test", "host": "elsewhere", "port": "1", "news": "of a later build"}
	}
	if again := ensure(t, more, next, consumers[0]); again.Consumers[0].Set.Version != set.Set.Version {
		t.Error("a key that a later build adds makes another version")
	}
	told := maker(c)
	told.Provider.Binding = func(_ *part.Service, _ part.Consumer, _ string) map[string]string {
		return map[string]string{"type": "test", "host": "elsewhere", "port": "1", "metrics-host": "main-metrics", "metrics-port": "9187"}
	}
	if with := ensure(t, told, next, consumers[0]); with.Consumers[0].Set.Version == set.Set.Version {
		t.Error("a consumer is not told where the metrics are")
	}
}

func TestReturningConsumerGetsANewLogin(t *testing.T) {
	c := &creations{}
	a := ensure(t, maker(c), &anchor.Anchor{}, consumers[0])
	a.Consumers[0].Departed = true
	next := ensure(t, maker(c), a, consumers[0])
	if got := next.Consumers[0]; got.Departed || got.Set.Version != 2 || got.Previous != nil || len(next.Consumers) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestVersionsFollowWhatWasSeen(t *testing.T) {
	var seen []types.NamespacedName
	for _, name := range []string{"shop/shop-main-admin-v3-bcdfg", "shop/shop-main-admin-v10-bcdfg", "shop/shop-main-admin-vx-bcdfg",
		"shop/shop-main-tls-v99-bcdfg", "lab/shop-main-admin-v50-bcdfg", "shop/shop-main-admin-v9223372036854775807-bcdfg"} {
		namespace, name, _ := strings.Cut(name, "/")
		seen = append(seen, types.NamespacedName{Namespace: namespace, Name: name})
	}
	m := maker(&creations{}, seen...)
	if got := m.newSet("shop", "shop-main-admin", 4, "").Version; got != 11 {
		t.Errorf("version %d after 10", got)
	}
	if got := m.newSet("shop", "shop-main-admin", 12, "").Version; got != 13 {
		t.Errorf("version %d after 12", got)
	}
}

// TestUsedUpVersionsHinderNobodyElse: a tenant can write records with the highest version into its namespace. The next one would make
// the anchor unreadable, and everybody who shares the service would wait.
func TestUsedUpVersionsHinderNobodyElse(t *testing.T) {
	c := &creations{}
	recorded := ensure(t, maker(c), &anchor.Anchor{}, consumers[1])
	recorded.Consumers[0].Set.Facts = ""
	for _, version := range []int{highest + 1, highest, highest - 1, highest - 2} {
		forged := types.NamespacedName{Namespace: "office", Name: fmt.Sprintf("admin-orders-binding-v%d-aaaaa", version)}
		m := maker(c, forged)
		next := ensure(t, m, recorded, consumers...)
		for i := range next.Consumers {
			if got := next.Consumers[i].Set.Version; got > highest {
				t.Errorf("version %d after %s", got, forged.Name)
			}
		}
		if next.Find("shop", "shop", "main") == nil {
			t.Errorf("after %s nobody else is served", forged.Name)
		}
	}
	recorded.Consumers[0].Set.Version = highest
	m := maker(c)
	if next := ensure(t, m, recorded, consumers...); len(m.Failed) != 1 || part.AsWaiting(m.Failed[0].Err) == nil || next.Consumers[0].Set.Version != highest {
		t.Errorf("after the last version: %+v, %+v", m.Failed, next.Consumers[0])
	}
}

func TestNoTLSMakesNoCertificate(t *testing.T) {
	plain := *service
	plain.TLS = v1alpha1.TLSDisabled
	c := &creations{}
	a, err := maker(c).Ensure(context.Background(), &plain, &anchor.Anchor{}, consumers)
	if err != nil || a.Certificate != nil {
		t.Fatalf("%+v, %v", a, err)
	}
	for name, secret := range c.secrets() {
		if _, has := secret["ca.crt"]; has {
			t.Errorf("%s holds an authority", name)
		}
	}
}
