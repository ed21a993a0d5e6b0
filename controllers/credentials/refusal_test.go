package credentials

import (
	"context"
	"errors"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestLoginsAlternateOverBurntVersions: a version that was burnt must not bring the login back that running pods use.
func TestLoginsAlternateOverBurntVersions(t *testing.T) {
	c := &creations{}
	first := ensure(t, maker(c), &anchor.Anchor{}, consumers[0])
	m := maker(c, types.NamespacedName{Namespace: "shop", Name: "shop-main-binding-v2-bcdfg"})
	m.Provider.Binding = func(*part.Service, part.Consumer, string) map[string]string {
		return map[string]string{"type": "test", "host": "elsewhere", "port": "1"}
	}
	next := ensure(t, m, first, consumers[0])
	if old, set := first.Consumers[0], next.Consumers[0]; set.Login == old.Login || set.Set.Version != 4 {
		t.Errorf("version %d with login %s after %d with %s", set.Set.Version, set.Login, old.Set.Version, old.Login)
	}
}

// TestARefusingNamespaceHindersNobodyElse: the set of one consumer cannot be made, that of the next is, and nothing was made
// in the service's own namespace for the first.
func TestARefusingNamespaceHindersNobodyElse(t *testing.T) {
	c := &creations{}
	m := maker(c)
	m.Client = refusal{c, "office"}
	next, err := m.Ensure(context.Background(), service, &anchor.Anchor{}, []part.Consumer{consumers[1], consumers[0]})
	if err != nil || len(m.Failed) != 1 || m.Failed[0].Consumer.Namespace != "office" || len(next.Consumers) != 1 {
		t.Fatalf("%v: failed %+v, consumers %+v", err, m.Failed, next)
	}
	if text := m.Failed[0].Err.Error(); text != "credential set binding in namespace office: of this set is forbidden" {
		t.Errorf("%q changes with every try", text)
	}
	for name := range c.secrets() {
		if strings.Contains(name, "-login-") {
			t.Errorf("%s was made for nothing", name)
		}
	}
	if keys := strings.Join(next.Consumers[0].Set.Keys, ","); keys != "ca.crt,host,password,port,type,uri,username" {
		t.Errorf("the recorded keys are %s", keys)
	}
}

// refusal creates nothing in a namespace.
type refusal struct {
	*creations
	namespace string
}

func (r refusal) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	if object.GetNamespace() == r.namespace {
		return errors.New(object.GetName() + " is forbidden")
	}
	return r.creations.Create(ctx, object, options...)
}
