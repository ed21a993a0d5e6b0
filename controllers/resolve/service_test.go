package resolve_test

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

func TestGrants(t *testing.T) {
	shared := func(entry string) *v1alpha1.BackendStack {
		return foreign(t, "office", "admin", `{databases: [`+entry+`]}`)
	}
	const orders = `{name: db, ref: {namespace: shop, name: main, database: orders}}`
	for _, c := range []struct {
		what, grants string
		consumer     *v1alpha1.BackendStack
		admitted     bool
	}{
		{"no grant", `[]`, shared(orders), false},
		{"granted to all", `[{namespaces: {from: All}, databases: [orders]}]`, shared(orders), true},
		{"every database", `[{namespaces: {from: All}, databases: ["*"]}]`, shared(orders), true},
		{"another database", `[{namespaces: {from: All}, databases: [users]}]`, shared(orders), false},
		{"no database", `[{namespaces: {from: All}}]`, shared(orders), false},
		{"a private one", `[{namespaces: {from: All}}]`, shared(`{name: db, ref: {namespace: shop, name: main}}`), true},
		{"a private one without a grant", `[]`, shared(`{name: db, ref: {namespace: shop, name: main}}`), false},
		{"own namespace only", `[{namespaces: {from: Same}, databases: [orders]}]`, shared(orders), false},
		{"by label", `[{namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}, databases: [orders]}]`, shared(orders), false},
		{"more access than granted", `[{namespaces: {from: All}, databases: [orders], maxAccess: ReadOnly}]`, shared(orders), false},
		{"as much as granted", `[{namespaces: {from: All}, databases: [orders], maxAccess: ReadOnly}]`,
			shared(`{name: db, ref: {namespace: shop, name: main, database: orders}, access: ReadOnly}`), true},
		{"ownership is more than the default", `[{namespaces: {from: All}, databases: [orders]}]`,
			shared(`{name: db, ref: {namespace: shop, name: main, database: orders}, access: Owner}`), false},
		{"a second grant", `[{namespaces: {from: Same}}, {namespaces: {from: All}, databases: [orders]}]`, shared(orders), true},
		{"its own stack", `[]`, stack(t, `{databases: [{name: x, ref: {name: main, database: orders}}]}`), true},
		{"a stack of that name elsewhere", `[]`, foreign(t, "office", "shop", `{databases: [`+orders+`]}`), false},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := database(t, "shop", "main", `{allowedConsumers: `+c.grants+`}`)
			d.Labels = map[string]string{v1alpha1.LabelStack: "shop", v1alpha1.LabelEntry: "main"}
			got, err := cluster(d, c.consumer).Service(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			if (len(got.Consumers) == 1) != c.admitted || (len(got.Refused) == 1) == c.admitted {
				t.Errorf("admitted %+v, refused %+v", got.Consumers, got.Refused)
			}
		})
	}
}

// TestInlineEntriesTakeOnlyTheirOwn: a database that was made by hand, or for another entry, is not the stack's.
func TestInlineEntriesTakeOnlyTheirOwn(t *testing.T) {
	for what, labels := range map[string]map[string]string{
		"by hand":           nil,
		"for another stack": {v1alpha1.LabelStack: "other", v1alpha1.LabelEntry: "main"},
		"for another entry": {v1alpha1.LabelStack: "shop", v1alpha1.LabelEntry: "other"},
	} {
		d := database(t, "shop", "shop-main", "{}")
		d.Labels = labels
		s := stack(t, `{databases: [{name: main, engine: PostgreSQL}]}`)
		_, err := cluster(d, s).Stack(context.Background(), s)
		t.Run(what, func(t *testing.T) { fails(t, err, v1alpha1.ReasonNameConflict, "shop-main", "ref") })
		got, err := cluster(d, s).Service(context.Background(), d)
		if err != nil || len(got.Consumers) != 0 {
			t.Errorf("%s: it has the consumers %+v (%v)", what, got.Consumers, err)
		}
	}
}

func anchored(t *testing.T, change func(*anchor.Anchor)) client.Object {
	t.Helper()
	a := &anchor.Anchor{
		Kind: "StackDatabase", Name: "main", Engine: "PostgreSQL", Provider: "Builtin", Version: "17", TLS: v1alpha1.TLSRequired,
	}
	change(a)
	object, err := a.ConfigMap("shop")
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestRecordedChoicesStick: what the anchor says is what runs.
func TestRecordedChoicesStick(t *testing.T) {
	other := postgresql.Builtin()
	other.Name = "Elsewhere"
	for _, c := range []struct {
		what, spec string
		change     func(*anchor.Anchor)
		providers  []part.Provider
		reason     string
		check      func(*resolve.ServicePlan) bool
	}{
		{
			"the provider", "{}", func(*anchor.Anchor) {}, []part.Provider{other, postgresql.Builtin()}, "",
			func(p *resolve.ServicePlan) bool {
				return p.Provider.Name == "Builtin" && p.Anchor.Provider == "Builtin"
			},
		},
		{"the provider is gone", "{}", func(*anchor.Anchor) {}, []part.Provider{other}, v1alpha1.ReasonProviderMissing, nil},
		{"a provider of this build's past", "{}", func(a *anchor.Anchor) { a.Provider = "Ancient" }, []part.Provider{other}, v1alpha1.ReasonProviderMissing, nil},
		{"another provider is asked for", "{provider: Builtin}", func(a *anchor.Anchor) { a.Provider = "Elsewhere" }, []part.Provider{other, postgresql.Builtin()}, v1alpha1.ReasonInvalid, nil},
		{
			"the version", "{}", func(a *anchor.Anchor) { a.Version = "18" }, []part.Provider{postgresql.Builtin()}, "",
			func(p *resolve.ServicePlan) bool { return p.Service.Image.Version == "18" },
		},
		{"a version that has left the catalog", "{}", func(a *anchor.Anchor) { a.Version = "9" }, []part.Provider{postgresql.Builtin()}, v1alpha1.ReasonVersionNotInCatalog, nil},
		{"an upgrade that cannot be", `{version: "18"}`, func(*anchor.Anchor) {}, []part.Provider{postgresql.Builtin()}, v1alpha1.ReasonUpgradeRefused, nil},
		{
			"the mode of TLS", "{}", func(a *anchor.Anchor) { a.TLS = v1alpha1.TLSPreferred }, []part.Provider{postgresql.Builtin()}, "",
			func(p *resolve.ServicePlan) bool { return p.Service.TLS == v1alpha1.TLSPreferred },
		},
		{
			"a mode of TLS that is written", "{tls: {mode: Disabled}}", func(*anchor.Anchor) {}, []part.Provider{postgresql.Builtin()}, "",
			func(p *resolve.ServicePlan) bool { return p.Service.TLS == v1alpha1.TLSDisabled },
		},
		{"data of another engine", "{}", func(a *anchor.Anchor) { a.Engine = "MySQL" }, []part.Provider{postgresql.Builtin()}, v1alpha1.ReasonNameConflict, nil},
		{"an anchor that cannot be believed", "{}", func(a *anchor.Anchor) { a.Version = "x" }, []part.Provider{postgresql.Builtin()}, v1alpha1.ReasonAnchorInvalid, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := cluster(anchored(t, c.change))
			r.Providers = c.providers
			got, err := r.Service(context.Background(), database(t, "shop", "main", c.spec))
			if c.reason != "" {
				fails(t, err, c.reason)
			} else if err != nil || !c.check(got) {
				t.Errorf("%+v, %v", got.Service, err)
			}
		})
	}
}

func TestProvidersNeedTheirKinds(t *testing.T) {
	first := postgresql.Builtin()
	first.Name, first.Needs = "Operator", []schema.GroupVersionKind{{Group: "g", Version: "v1", Kind: "Cluster"}}
	for served, want := range map[bool]string{true: "Operator", false: "Builtin"} {
		r := cluster()
		r.Providers = []part.Provider{first, postgresql.Builtin()}
		r.Served = func(schema.GroupVersionKind) bool { return served }
		got, err := r.Service(context.Background(), database(t, "shop", "main", "{}"))
		if err != nil || got.Provider.Name != want {
			t.Errorf("served %v: %s, %v", served, got.Provider.Name, err)
		}
	}
}

func TestConsumersThatLeaveAreRemembered(t *testing.T) {
	set := anchor.Set{
		Version: 1, ConfigMap: "office-db-binding-v1-bcdfg", Secret: "main-login-v1-bcdfg", Binding: "admin-db-binding-v1-bcdfg",
	}
	set.ConfigMap = "main-login-v1-bcdfg"
	r := cluster(anchored(t, func(a *anchor.Anchor) {
		a.Consumers = []anchor.Consumer{{Namespace: "office", Stack: "admin", Entry: "db", Login: "x_a", Set: set}}
	}))
	got, err := r.Service(context.Background(), database(t, "shop", "main", "{}"))
	if err != nil {
		t.Fatal(err)
	}
	got.Complete(got.Anchor)
	if len(got.Service.Consumers) != 0 || len(got.Service.Departed) != 1 || got.Recorded.Consumers[0].Departed {
		t.Errorf("consumers %+v, departed %+v", got.Service.Consumers, got.Service.Departed)
	}
}

// TestBindingsOfOthersAreChecked: the status of a shared database is written for its owner, who may be hostile.
func TestBindingsOfOthersAreChecked(t *testing.T) {
	for name, reason := range map[string]string{
		"shop-db-binding-v1-bcdfg": "", "payroll": v1alpha1.ReasonAnchorInvalid, "shop-db-binding-vault": v1alpha1.ReasonAnchorInvalid,
	} {
		d := database(t, "office", "main", `{allowedConsumers: [{namespaces: {from: All}}]}`)
		d.Status.Provider = "Builtin"
		d.Status.Consumers = []v1alpha1.ConsumerStatus{{
			Namespace: "shop", Stack: "shop", Entry: "db", Ready: metav1.ConditionTrue, Binding: &v1alpha1.BindingReference{Name: name},
		}}
		s := stack(t, `{databases: [{name: db, ref: {namespace: office, name: main}}], components: [{name: web, image: a, port: 80}]}`)
		got := plan(t, cluster(d, s), s)
		if reason == "" {
			if c := component(t, got, "web"); c.Uses[0].Secret != name {
				t.Errorf("%+v", c.Uses)
			}
			continue
		}
		fails(t, got.Held["web"], reason, name)
	}
}

func TestWaitingForServices(t *testing.T) {
	s := stack(t, `{databases: [{name: db, ref: {namespace: office, name: nobody}}], components: [{name: web, image: a, port: 80, uses: [db]}, {name: api, image: a, port: 80, uses: []}]}`)
	got := plan(t, cluster(s), s)
	fails(t, got.Held["web"], v1alpha1.ReasonDependencyNotFound, "office/nobody")
	component(t, got, "api")
	if got.Wanted["web"] != 2 {
		t.Errorf("a component that waits has %d pods wanted", got.Wanted["web"])
	}
}
