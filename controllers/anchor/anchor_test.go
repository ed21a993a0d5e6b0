package anchor_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/part"
)

func set(name string) anchor.Set {
	return anchor.Set{
		Version: 2, ConfigMap: name, Secret: name, Facts: "0123456789", Digest: strings.Repeat("a", 64),
		CreatedAt: "2026-11-01T00:00:00Z",
	}
}

// sound is an anchor with everything in it.
func sound() *anchor.Anchor {
	admin, certificate := set("shop-main-admin-v1-bcdfg"), set("shop-main-tls-v1-bcdfg")
	login := set("shop-main-backup-v1-bcdfg")
	own, remote, previous := set("shop-main-binding-v2-bcdfg"), set("shop-main-login-v1-bcdfg"), set("shop-main-binding-v1-bcdfg")
	own.Binding, previous.Binding = own.Secret, previous.Secret
	remote.RemoteConfigMap, remote.Binding = "admin-orders-binding-v1-bcdfg", "admin-orders-binding-v1-bcdfg"
	return &anchor.Anchor{
		Kind: "StackDatabase", Name: "shop-main", Engine: "PostgreSQL", Claimant: &v1alpha1.Claimant{Stack: "shop", Entry: "main"},
		Provider: "Builtin", Version: "17", Image: "docker.io/library/postgres:17", TLS: v1alpha1.TLSRequired,
		Admin: &admin, Certificate: &certificate, Backup: &anchor.Backup{Key: true, Login: &login},
		Recovery: &anchor.Recovery{Backup: "before-the-sale", Source: "old", Archive: "20261123-120823-x7k2p", Done: true},
		Consumers: []anchor.Consumer{
			{
				Namespace: "shop", Stack: "shop", Entry: "main", Access: v1alpha1.AccessOwner, Private: true,
				Database: "shop_main_0123abcd", Group: "shop_main_0123abcd", Login: "shop_main_0123abcd_a", Set: own, Previous: &previous,
			},
			{
				Namespace: "office", Stack: "admin", Entry: "orders", Access: v1alpha1.AccessReadOnly,
				Database: "orders", Login: "office_admin_0123abcd_b", Set: remote,
			},
		},
	}
}

func configMap(t *testing.T, a *anchor.Anchor) *corev1.ConfigMap {
	t.Helper()
	object, err := a.ConfigMap("shop")
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestParseReadsWhatWasWritten(t *testing.T) {
	wrote := sound()
	object := configMap(t, wrote)
	if object.Name != "shop-main-database-anchor" || object.Labels[anchor.LabelKind] != "StackDatabase" || len(object.OwnerReferences) > 0 {
		t.Errorf("metadata %+v", object.ObjectMeta)
	}
	read, err := anchor.Parse(object, "StackDatabase", "shop-main")
	if err != nil {
		t.Fatal(err)
	}
	if !anchor.Equal(read, wrote) {
		t.Errorf("wrote %+v, read %+v", wrote, read)
	}
}

// TestParseRefusesHostileAnchors: whoever can write a ConfigMap must not be able to make the operator mount a Secret of his
// choice, run another engine's image, or speak words of his choice to a database.
func TestParseRefusesHostileAnchors(t *testing.T) {
	for name, change := range map[string]func(*anchor.Anchor){
		"another kind":                  func(a *anchor.Anchor) { a.Kind = "StackCache" },
		"another service":               func(a *anchor.Anchor) { a.Name = "shop-other" },
		"version with a path":           func(a *anchor.Anchor) { a.Version = "17/../evil" },
		"no version":                    func(a *anchor.Anchor) { a.Version = "" },
		"unknown TLS mode":              func(a *anchor.Anchor) { a.TLS = "Off" },
		"no TLS mode":                   func(a *anchor.Anchor) { a.TLS = "" },
		"admin Secret of somebody else": func(a *anchor.Anchor) { a.Admin.Secret = "payroll" },
		"admin set of somebody else":    func(a *anchor.Anchor) { a.Admin.ConfigMap = "payroll" },
		"admin Secret with a path":      func(a *anchor.Anchor) { a.Admin.Secret = "shop-main-admin/../../x" },
		"admin Secret in capitals":      func(a *anchor.Anchor) { a.Admin.Secret = "shop-main-ADMIN" },
		"admin Secret ends in a hyphen": func(a *anchor.Anchor) { a.Admin.Secret = "shop-main-" },
		"admin Secret too long":         func(a *anchor.Anchor) { a.Admin.Secret = "shop-main-" + strings.Repeat("a", 250) },
		"no admin Secret":               func(a *anchor.Anchor) { a.Admin.Secret = "" },
		"version 0":                     func(a *anchor.Anchor) { a.Admin.Version = 0 },
		"version without a next":        func(a *anchor.Anchor) { a.Admin.Version = 1<<63 - 1 },
		"access with further words":     func(a *anchor.Anchor) { a.Consumers[1].Access = "ReadOnly x\nconsumer 0 Owner" },
		"negative version":              func(a *anchor.Anchor) { a.Certificate.Version = -1 },
		"digest that is none":           func(a *anchor.Anchor) { a.Admin.Digest = "'; DROP TABLE users; --" },
		"authority that is none": func(a *anchor.Anchor) {
			a.Certificate.CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
		},
		"text for an authority":          func(a *anchor.Anchor) { a.Certificate.CA = "ssl = off" },
		"digest in capitals":             func(a *anchor.Anchor) { a.Consumers[0].Set.Digest = strings.Repeat("A", 64) },
		"certificate of somebody else":   func(a *anchor.Anchor) { a.Certificate.Secret = "ingress-tls" },
		"login with SQL":                 func(a *anchor.Anchor) { a.Consumers[0].Login = `x"; ALTER ROLE postgres` },
		"login with a line":              func(a *anchor.Anchor) { a.Consumers[0].Login = "x\nuser default on" },
		"login too long":                 func(a *anchor.Anchor) { a.Consumers[0].Login = strings.Repeat("a", 64) },
		"group with a quote":             func(a *anchor.Anchor) { a.Consumers[0].Group = "a'b" },
		"database with a space":          func(a *anchor.Anchor) { a.Consumers[0].Database = "a b" },
		"binding of another entry":       func(a *anchor.Anchor) { a.Consumers[0].Set.Binding = "shop-other-binding-v1-bcdfg" },
		"binding that is no binding":     func(a *anchor.Anchor) { a.Consumers[0].Set.Binding = "shop-main-tls-v1-bcdfg" },
		"no binding":                     func(a *anchor.Anchor) { a.Consumers[0].Set.Binding = "" },
		"remote binding":                 func(a *anchor.Anchor) { a.Consumers[1].Set.Binding = "payroll" },
		"Secret of somebody else":        func(a *anchor.Anchor) { a.Consumers[1].Set.Secret = "payroll" },
		"previous set of somebody else":  func(a *anchor.Anchor) { a.Consumers[0].Previous.Secret = "payroll" },
		"previous binding of others":     func(a *anchor.Anchor) { a.Consumers[0].Previous.Binding = "payroll" },
		"no previous binding":            func(a *anchor.Anchor) { a.Consumers[0].Previous.Binding = "" },
		"unknown renewal":                func(a *anchor.Anchor) { a.Other, a.Renewal = a.Admin, "Done" },
		"more members than there can be": func(a *anchor.Anchor) { a.Members = 10 },
		"less than no member":            func(a *anchor.Anchor) { a.Members = -1 },
		"renewal of nothing":             func(a *anchor.Anchor) { a.Renewal = v1alpha1.RenewalTrusting },
		"other certificate for nothing":  func(a *anchor.Anchor) { a.Other = a.Admin },
		"two of one version": func(a *anchor.Anchor) {
			a.Other, a.Renewal = a.Certificate, v1alpha1.RenewalServing
		},
		"other certificate of somebody else": func(a *anchor.Anchor) {
			other := *a.Certificate
			other.Version, other.Secret = 3, "ingress-tls"
			a.Other, a.Renewal = &other, v1alpha1.RenewalServing
		},
		"unknown rotation":               func(a *anchor.Anchor) { a.Consumers[0].Rotation = "Done" },
		"rotation from nothing":          func(a *anchor.Anchor) { a.Consumers[1].Rotation = anchor.RotationRetiring },
		"backup Secret of somebody else": func(a *anchor.Anchor) { a.Backup.Login.Secret = "payroll" },
		"archive with a path":            func(a *anchor.Anchor) { a.Recovery.Archive = "../x" },
		"no archive":                     func(a *anchor.Anchor) { a.Recovery.Archive = "" },
		"source with a path":             func(a *anchor.Anchor) { a.Recovery.Source = "a/b" },
		"source too long":                func(a *anchor.Anchor) { a.Recovery.Source = strings.Repeat("a", 45) },
		"backup in capitals":             func(a *anchor.Anchor) { a.Recovery.Backup = "X" },
	} {
		t.Run(name, func(t *testing.T) {
			a := sound()
			change(a)
			content, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			object := configMap(t, sound())
			object.Data["anchor.json"] = string(content)
			refused(t, object, v1alpha1.ReasonAnchorInvalid)
		})
	}
}

func TestParseRefusesWhatIsNoAnchor(t *testing.T) {
	yes := true
	for name, c := range map[string]struct {
		reason string
		change func(*corev1.ConfigMap)
	}{
		"no data":        {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data = nil }},
		"not JSON":       {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data["anchor.json"] = "kind: StackDatabase" }},
		"null":           {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data["anchor.json"] = "null" }},
		"a list":         {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data["anchor.json"] = "[]" }},
		"unknown field":  {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { replace(o, `"engine"`, `"password": "x", "engine"`) }},
		"more behind it": {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data["anchor.json"] += `{"kind": "x"}` }},
		"far too large":  {v1alpha1.ReasonAnchorInvalid, func(o *corev1.ConfigMap) { o.Data["anchor.json"] += strings.Repeat(" ", 1<<20) }},
		"no label":       {v1alpha1.ReasonNameConflict, func(o *corev1.ConfigMap) { delete(o.Labels, anchor.LabelKind) }},
		"another label":  {v1alpha1.ReasonNameConflict, func(o *corev1.ConfigMap) { o.Labels[anchor.LabelKind] = "StackQueue" }},
		"an owner": {v1alpha1.ReasonNameConflict, func(o *corev1.ConfigMap) {
			o.OwnerReferences = []metav1.OwnerReference{{Kind: "App", Name: "x", UID: "1", Controller: &yes}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			object := configMap(t, sound())
			c.change(object)
			refused(t, object, c.reason)
		})
	}
}

func replace(o *corev1.ConfigMap, old, next string) {
	o.Data["anchor.json"] = strings.Replace(o.Data["anchor.json"], old, next, 1)
}

func refused(t *testing.T, object *corev1.ConfigMap, reason string) {
	t.Helper()
	read, err := anchor.Parse(object, "StackDatabase", "shop-main")
	waiting := part.AsWaiting(err)
	switch {
	case read != nil || waiting == nil:
		t.Fatalf("it was believed: %+v, %v", read, err)
	case waiting.Reason != reason || !strings.Contains(waiting.Message, object.Name):
		t.Errorf("%s: %s", waiting.Reason, waiting.Message)
	case waiting.After <= 0:
		t.Error("no watch tells of it, and it is not looked at again")
	}
}

// FuzzParse: whatever is believed names only what could be ours.
func FuzzParse(f *testing.F) {
	whole, err := json.Marshal(sound())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	f.Add(`{"kind":"StackDatabase","name":"shop-main","version":"17","tls":"Required"}`)
	f.Add(`{"kind":"StackDatabase","name":"shop-main","version":"17","tls":"Required","consumers":[{}]}`)
	f.Fuzz(func(t *testing.T, content string) {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "shop-main-database-anchor", Labels: map[string]string{anchor.LabelKind: "StackDatabase"}},
			Data:       map[string]string{"anchor.json": content},
		}
		a, err := anchor.Parse(object, "StackDatabase", "shop-main")
		if err != nil {
			if part.AsWaiting(err) == nil {
				t.Fatalf("another kind of error: %v", err)
			}
			return
		}
		for _, s := range []*anchor.Set{a.Admin, a.Certificate} {
			if s != nil && !strings.HasPrefix(s.Secret, "shop-main-") {
				t.Errorf("Secret %q", s.Secret)
			}
		}
		for _, c := range a.Consumers {
			if strings.ContainsAny(string(c.Access), " \n") || c.Set.Version+1 < c.Set.Version {
				t.Errorf("access %q of version %d", c.Access, c.Set.Version)
			}
			if !anchor.BindingName(c.Stack, c.Entry, c.Set.Binding) {
				t.Errorf("binding %q of %s/%s", c.Set.Binding, c.Stack, c.Entry)
			}
			if strings.ContainsAny(c.Login+c.Group+c.Database, "'\"; \n\\-") {
				t.Errorf("login %q group %q database %q", c.Login, c.Group, c.Database)
			}
		}
		again, err := a.ConfigMap("shop")
		if err != nil {
			t.Fatal(err)
		}
		if same, err := anchor.Parse(again, "StackDatabase", "shop-main"); err != nil || !anchor.Equal(a, same) {
			t.Errorf("what was read and written is %+v, not %+v (%v)", same, a, err)
		}
	})
}

// TestBindingName: the status of a shared service is written by somebody else.
func TestBindingName(t *testing.T) {
	for name, want := range map[string]bool{
		"shop-main-binding-v1-bcdfg":     true,
		"shop-main-binding-v12-bcdfg":    true,
		"shop-main-binding-v":            false,
		"shop-main-binding":              false,
		"shop-main-tls-v1-bcdfg":         false,
		"shop-other-binding-v1-bcdfg":    false,
		"payroll":                        false,
		"":                               false,
		"shop-main-binding-v1/../x":      false,
		"shop-main-binding-v1-\nx":       false,
		"Shop-main-binding-v1":           false,
		"x-shop-main-binding-v1-bcdfg":   false,
		"shop-main-binding-vault":        false,
		"shop-main-binding-v1-x.payroll": false,
	} {
		if got := anchor.BindingName("shop", "main", name); got != want {
			t.Errorf("BindingName(%q) = %v", name, got)
		}
	}
}

func TestNamesAreOfLiveSets(t *testing.T) {
	a := sound()
	a.Consumers[1].Departed = true
	for name, want := range map[string]bool{
		"shop-main-admin-v1-bcdfg": true, "shop-main-tls-v1-bcdfg": true, "shop-main-binding-v2-bcdfg": true,
		"shop-main-backup-v1-bcdfg":  true,
		"shop-main-binding-v1-bcdfg": true,                                          // the one before: pods that were started with it still run
		"shop-main-login-v1-bcdfg":   false, "admin-orders-binding-v1-bcdfg": false, // it left
		"shop-main-admin-v2-bcdfg": false, "": false,
	} {
		if got := a.Names(name); got != want {
			t.Errorf("Names(%q) = %v", name, got)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	original := sound()
	clone := original.Clone()
	clone.Admin.Version, clone.Certificate.CA, clone.Claimant.Stack = 9, "x", "x"
	clone.Backup.Login.Version, clone.Backup.Key, clone.Recovery.Done = 9, false, false
	clone.Consumers[0].Departed, clone.Consumers[0].Set.Version = true, 9
	clone.Consumers[0].Previous.Secret = "x"
	clone.Consumers = append(clone.Consumers, anchor.Consumer{})
	if !anchor.Equal(original, sound()) {
		t.Error("a change of the clone changed the original")
	}
}

// TestKindsDoNotShareAnAnchor: a database and a cache may have one name.
func TestKindsDoNotShareAnAnchor(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []string{"StackDatabase", "StackCache", "StackQueue"} {
		seen[anchor.Name(kind, "main")], seen[anchor.SetKey(kind, "a", "main")] = true, true
	}
	seen[anchor.SetKey("StackCache", "b", "main")] = true
	if len(seen) != 7 {
		t.Errorf("names collide: %v", seen)
	}
}
