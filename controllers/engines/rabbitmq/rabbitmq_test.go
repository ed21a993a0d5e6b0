package rabbitmq

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

func TestGolden(t *testing.T) { parttest.Run(t, Build) }

func service(mode v1alpha1.TLSMode) *part.Service {
	return &part.Service{
		Kind: "StackQueue", Namespace: "shop", Name: "shop-jobs", Stack: "shop-eu", Engine: "RabbitMQ",
		ClusterDomain: "cluster.local", TLS: mode, Nodes: 1,
	}
}

func TestBinding(t *testing.T) {
	consumer := part.Consumer{Namespace: "shop", Stack: "shop-eu", Entry: "jobs", Database: "shop_eu", Login: "shop_a"}
	const host = "shop-jobs.shop.svc.cluster.local"
	clear, encrypted := "amqp://shop_a:secret@"+host+":5672/shop_eu", "amqps://shop_a:secret@"+host+":5671/shop_eu"
	facts := map[string]string{
		"type": "rabbitmq", "provider": "stackwright", "host": host, "virtual-host": "shop_eu",
		"username": "shop_a", "password": "secret",
	}
	for mode, more := range map[v1alpha1.TLSMode]map[string]string{
		v1alpha1.TLSDisabled: {"port": "5672", "uri": clear, "celery-broker-url": clear},
		v1alpha1.TLSPreferred: {
			"port": "5672", "uri": clear, "celery-broker-url": clear, "tls-port": "5671", "tls-uri": encrypted,
		},
		v1alpha1.TLSRequired: {
			"port": "5671", "uri": encrypted, "celery-broker-url": encrypted, "tls-port": "5671", "tls-uri": encrypted,
		},
	} {
		want := maps.Clone(facts)
		maps.Copy(want, more)
		if got := binding(service(mode), consumer, "secret"); !maps.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", mode, got, want)
		}
	}
}

func TestAddressEscapes(t *testing.T) {
	consumer := part.Consumer{Login: "a@b", Database: "a/b c"}
	parsed, err := url.Parse(address("amqp", "host", 5672, consumer, "p:/?#"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := parsed.User.Password()
	if parsed.Host != "host:5672" || parsed.User.Username() != "a@b" || password != "p:/?#" || parsed.EscapedPath() != "/a%2Fb%20c" {
		t.Errorf("got %s", parsed)
	}
}

func TestLogin(t *testing.T) {
	own := part.Consumer{Namespace: "shop", Stack: "shop-eu", Entry: "jobs", Private: true, Credential: part.Credential{Version: 1}}
	login(service(v1alpha1.TLSPreferred), &own)
	if own.Database != "shop_eu" || !strings.HasSuffix(own.Login, "_a") || own.Group != "" {
		t.Errorf("the stack's own: %+v", own)
	}
	next := own
	next.Credential.Version = 2
	login(service(v1alpha1.TLSPreferred), &next)
	if strings.TrimSuffix(next.Login, "_b") != strings.TrimSuffix(own.Login, "_a") || next.Database != own.Database {
		t.Errorf("the next version: %+v", next)
	}
	foreign := part.Consumer{Namespace: "other", Stack: "shop-eu", Entry: strings.Repeat("x", 63), Private: true}
	login(service(v1alpha1.TLSPreferred), &foreign)
	if foreign.Database == own.Database || len(foreign.Login) > nameLimit || len(foreign.Database) > nameLimit {
		t.Errorf("a stack of the same name elsewhere: %+v", foreign)
	}
	granted := part.Consumer{Namespace: "other", Stack: "pay", Entry: "jobs", Database: "orders"}
	login(service(v1alpha1.TLSPreferred), &granted)
	if granted.Database != "orders" {
		t.Errorf("a granted virtual host: %+v", granted)
	}
}

func TestUpgrade(t *testing.T) {
	for _, step := range []struct {
		from, to string
		refused  string
	}{
		{"4.0", "4.1", ""},
		{"4.2", "4.2", ""},
		{"4.2.9", "4.2", ""},
		{"4.2", "4.2.1", ""},
		{"4.2", "4.3", ""},
		{"4.2.3", "4.2.9", ""},
		{"4.1", "4.3", "take 4.2 first"},
		{"4.0", "4.2", "take 4.1 first"},
		{"4.2", "4.1", "cannot go back"},
		{"4.2.9", "4.2.3", "cannot go back"},
		{"4.3", "5.0", "in place"},
		{"3.13", "4.0", "in place"},
		{"4", "4.1", "form"},
		{"4.1", "next", "form"},
	} {
		err := upgrade(step.from, step.to)
		if (err == nil) != (step.refused == "") || err != nil && !strings.Contains(err.Error(), step.refused) {
			t.Errorf("%s to %s: %v, want %q", step.from, step.to, err, step.refused)
		}
	}
}

// TestEveryParameterHasLimits tries values that would add a line to the configuration.
func TestEveryParameterHasLimits(t *testing.T) {
	for name := range parameters {
		for _, value := range []string{"", " ", "1\nloopback_users = none", "1 # x", "$(id)", "${HOME}", "-1", "1e400", "NaN", "0x10", "99999999999999999999"} {
			if parameters[name].Accepts(value) {
				t.Errorf("%s takes %q", name, value)
			}
		}
	}
}

func TestProvider(t *testing.T) {
	provider := Builtin()
	if provider.Kind != "StackQueue" || provider.Engine != "RabbitMQ" || provider.DefaultTLS != v1alpha1.TLSPreferred || !provider.Stateful(nil) {
		t.Errorf("%+v", provider)
	}
	data := provider.AdminData(nil, map[string]string{valuePassword: "secret", valueCookie: "cookie"})
	if data[keyDefaultUser] != "default_user = stackwright\ndefault_pass = secret\n" || data[valueCookie] != "cookie" {
		t.Errorf("%v", data)
	}
}
