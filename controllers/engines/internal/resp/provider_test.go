package resp

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/part"
)

var engine = Engine{Name: "Valkey", Server: "valkey-server", Client: "valkey-cli"}

func service(mode v1alpha1.TLSMode) *part.Service {
	digest := strings.Repeat("0a", 32)
	return &part.Service{
		Kind: "StackCache", Namespace: "shop", Name: "hot", Engine: "Valkey", TLS: mode, ClusterDomain: "cluster.local",
		Image: part.Image{Name: "valkey:8.1", RunAsUser: 999, RunAsGroup: 999}, Eviction: v1alpha1.EvictAllKeysLRU,
		Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}},
		Admin:     &part.Credential{Secret: "hot-admin", Digest: digest}, Certificate: &part.Credential{Secret: "hot-tls"},
		Consumers: []part.Consumer{{
			Namespace: "shop", Stack: "shop", Entry: "hot", Login: "shop_a", Database: "0",
			Access: v1alpha1.AccessOwner, Credential: part.Credential{Version: 1, Digest: digest},
		}},
	}
}

func TestBinding(t *testing.T) {
	const plain = "redis://shop_a:secret@hot.shop.svc.cluster.local:6379/0"
	const parameters = "?ssl_cert_reqs=required&ssl_ca_certs=/bindings/hot/ca.crt"
	tests := map[v1alpha1.TLSMode]map[string]string{
		v1alpha1.TLSDisabled: {"uri": plain, "celery-broker-url": plain, "celery-result-backend": plain},
		v1alpha1.TLSPreferred: {
			"uri": plain, "celery-broker-url": plain, "celery-result-backend": plain, "tls-port": "6380",
			"tls-uri": "rediss://shop_a:secret@hot.shop.svc.cluster.local:6380/0",
		},
		v1alpha1.TLSRequired: {
			"uri":                   "rediss://shop_a:secret@hot.shop.svc.cluster.local:6379/0",
			"tls-uri":               "rediss://shop_a:secret@hot.shop.svc.cluster.local:6379/0",
			"celery-broker-url":     "rediss://shop_a:secret@hot.shop.svc.cluster.local:6379/0" + parameters,
			"celery-result-backend": "rediss://shop_a:secret@hot.shop.svc.cluster.local:6379/0" + parameters,
			"tls-port":              "6379",
		},
	}
	for mode, want := range tests {
		s := service(mode)
		maps.Copy(want, map[string]string{
			"type": "redis", "provider": "stackwright", "host": "hot.shop.svc.cluster.local", "port": "6379",
			"database": "0", "username": "shop_a", "password": "secret",
		})
		if got := binding(s, s.Consumers[0], "secret"); !maps.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", mode, got, want)
		}
	}
}

func TestBindingEscapes(t *testing.T) {
	s := service(v1alpha1.TLSPreferred)
	parsed, err := url.Parse(binding(s, s.Consumers[0], "a@b:c/d?e#f")["uri"])
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := parsed.User.Password(); password != "a@b:c/d?e#f" || parsed.Host != "hot.shop.svc.cluster.local:6379" {
		t.Errorf("the address reads as password %q at %s", password, parsed.Host)
	}
}

func TestLogin(t *testing.T) {
	name := func(namespace, stack, entry string, version int) string {
		consumer := part.Consumer{
			Namespace: namespace, Stack: stack, Entry: entry, Credential: part.Credential{Version: version},
		}
		login(nil, &consumer)
		if !validLogin.MatchString(consumer.Login) || len(consumer.Login) > loginLimit || consumer.Database != "0" {
			t.Errorf("login %q, database %q", consumer.Login, consumer.Database)
		}
		return consumer.Login
	}
	first := name("shop", "shop", "hot", 1)
	others := []string{
		name("shop", "shop", "hot", 2), name("shop", "shop", "cold", 1), name("shop-shop", "hot", "", 1),
		name("shop", "shop-hot", "", 1), name(strings.Repeat("n", 63), strings.Repeat("s", 63), "hot", 1),
	}
	if slices.Contains(others, first) {
		t.Errorf("%s is not alone among %v", first, others)
	}
	if third := name("shop", "shop", "hot", 3); third != first {
		t.Errorf("version 3 is %s, not again %s", third, first)
	}
}

func TestUpgrade(t *testing.T) {
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"8.1", "8.1", true},
		{"8.1", "9.0", true},
		{"8.1.1", "8.1.4", true},
		{"8.1", "8.1.4", true},
		{"9.0", "10.0", true},
		{"8.1", "8.0", false},
		{"9.0", "8.1", false},
		{"8.1.4", "8.1.1", false},
		{"8.1", "latest", false},
		{"", "8.1", false},
	}
	for _, test := range tests {
		err := upgrade(engine, test.from, test.to)
		if (err == nil) != test.allowed {
			t.Errorf("%s to %s: %v", test.from, test.to, err)
		}
		if invalid := part.AsInvalid(err); err != nil && (invalid == nil || invalid.Reason != v1alpha1.ReasonUpgradeRefused) {
			t.Errorf("%s to %s: %v is no refusal", test.from, test.to, err)
		}
	}
}

// TestRollsOnlyForTheServer: a stack that comes or goes changes the list of logins and the job, and never the pod.
func TestRollsOnlyForTheServer(t *testing.T) {
	template := func(s *part.Service) string {
		set := statefulSet(engine, s, "config")
		return set.Spec.Template.String() + set.Annotations["stackwright.dev/inputs-hash"]
	}
	s := service(v1alpha1.TLSPreferred)
	before, job := template(s), provisioning(engine, s, usersConfigMap(s), memberConfig(s)).Name
	s.Departed = append(s.Departed, s.Consumers[0])
	s.Consumers, s.Stack = nil, ""
	if template(s) != before {
		t.Error("the pod changes with its consumers")
	}
	if provisioning(engine, s, usersConfigMap(s), memberConfig(s)).Name == job {
		t.Error("the job stays the same with other consumers")
	}
	s.RestartedAt = "2026-11-01T00:00:00Z"
	if template(s) == before {
		t.Error("the pod does not change with restartedAt")
	}
}

// TestBothLoginsWorkWhilePodsRoll: also after a restart of the server, which reads the list; then one is taken back.
func TestBothLoginsWorkWhilePodsRoll(t *testing.T) {
	s := service(v1alpha1.TLSPreferred)
	consumer := &s.Consumers[0]
	if err := checkLogins(s); err != nil {
		t.Fatal(err)
	}
	other, before, job := logins.Other(consumer.Login), userList(s), provisioning(engine, s, usersConfigMap(s), memberConfig(s)).Name
	consumer.Previous = &part.Credential{Digest: strings.Repeat("b", 64)}
	if list := userList(s); !strings.Contains(list, "user "+other+" on #"+consumer.Previous.Digest+" ") || departed(s) != "" {
		t.Errorf("the earlier login is not in the list:\n%s%s", list, departed(s))
	}
	consumer.Previous.Digest = "x on nopass"
	if err := checkLogins(s); part.AsInvalid(err) == nil {
		t.Errorf("a digest that is none: %v", err)
	}
	consumer.Previous, consumer.Retired = nil, true
	if userList(s) != before || departed(s) != other+"\n" {
		t.Errorf("taken back are %q of\n%s", departed(s), userList(s))
	}
	if provisioning(engine, s, usersConfigMap(s), memberConfig(s)).Name == job {
		t.Error("no job takes the login back")
	}
}

// TestAnotherJob: a Job that exists is never changed, so that one which cannot start gets a successor when its cause is mended.
func TestAnotherJob(t *testing.T) {
	name := func(edit func(*part.Service)) string {
		s := service(v1alpha1.TLSPreferred)
		edit(s)
		return provisioning(engine, s, usersConfigMap(s), memberConfig(s)).Name
	}
	first := name(func(*part.Service) {})
	for what, edit := range map[string]func(*part.Service){
		"image":         func(s *part.Service) { s.Image.Name = "valkey:8.1.1" },
		"user":          func(s *part.Service) { s.Image.RunAsUser = 1000 },
		"placement":     func(s *part.Service) { s.Placement.PriorityClassName = "high" },
		"administrator": func(s *part.Service) { s.Admin = &part.Credential{Secret: "hot-admin-2", Digest: s.Admin.Digest} },
		"certificate":   func(s *part.Service) { s.Certificate = &part.Credential{Secret: "hot-tls-2"} },
		"mode":          func(s *part.Service) { s.TLS = v1alpha1.TLSRequired },
		"domain":        func(s *part.Service) { s.ClusterDomain = "example.org" },
	} {
		if name(edit) == first {
			t.Errorf("another %s leaves the job as it is", what)
		}
	}
	if again := name(func(s *part.Service) { s.RestartedAt = "2026-11-01T00:00:00Z" }); again != first {
		t.Error("a restart of the server makes another job")
	}
}
