package mysql

import (
	"path"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// TestGolden shows the scripts by name: they are files beside this one, and the names of the ConfigMaps carry their hash. Where
// backups are kept, the Job of one is shown too.
func TestGolden(t *testing.T) {
	parttest.Run(t, func(s *part.Service) (part.Output, error) {
		output, err := Builtin().Build(s)
		if s.Vault != nil && s.Recovery == nil {
			job, _ := Builtin().Backup(s, "before-the-sale")
			output.Merge(job)
		}
		for _, object := range output.Objects {
			if config, ok := object.(*corev1.ConfigMap); ok {
				for name := range config.Data {
					if slices.Contains([]string{".sh", ".sql"}, path.Ext(name)) {
						config.Data[name] = "(file scripts/" + name + ")"
					}
				}
			}
		}
		return output, err
	})
}

func TestUpgrade(t *testing.T) {
	for _, step := range []struct {
		from, to string
		allowed  bool
	}{
		{"8.4", "8.4", true},
		{"8.4.9", "8.4.11", true},
		{"8.4.11", "8.4", true},
		{"8.4", "9.7", true},
		{"8.4.11", "9.7.2", true},
		{"9.7", "8.4", false},
		{"8.0", "8.4", false},
		{"9.7", "26.7", false},
		{"8", "9", false},
	} {
		if err := releases.Upgrade(step.from, step.to); (err == nil) != step.allowed {
			t.Errorf("%s to %s: %v", step.from, step.to, err)
		}
	}
}

func TestLogin(t *testing.T) {
	service := &part.Service{Namespace: "shop", Name: "shop-main", Stack: "shop"}
	for name, c := range map[string]struct {
		in              part.Consumer
		database, login string
	}{
		"the stack's own": {part.Consumer{Namespace: "shop", Stack: "shop", Entry: "main", Private: true}, "shop", "shop_shop_main_"},
		"a namesake elsewhere": {
			part.Consumer{Namespace: "other", Stack: "shop", Entry: "main", Private: true}, "other_shop_", "other_shop_main_",
		},
		"shared":          {part.Consumer{Namespace: "a", Stack: "b", Entry: "c", Database: "shop"}, "shop", "a_b_c_"},
		"a reserved name": {part.Consumer{Namespace: "a", Stack: "b", Entry: "c", Database: "mysql"}, "db_mysql", "a_b_c_"},
		"ours":            {part.Consumer{Namespace: "a", Stack: "b", Entry: "c", Database: "stackwright"}, "db_stackwright", "a_b_c_"},
		"long names": {
			part.Consumer{
				Namespace: strings.Repeat("n", 63), Stack: strings.Repeat("s", 63), Entry: strings.Repeat("e", 30), Private: true,
			},
			strings.Repeat("n", 36), strings.Repeat("n", 20),
		},
	} {
		t.Run(name, func(t *testing.T) {
			engine.Names.Login(service, &c.in)
			if !strings.HasPrefix(c.in.Database, c.database) || !strings.HasPrefix(c.in.Login, c.login) {
				t.Errorf("database %q, login %q", c.in.Database, c.in.Login)
			}
			if len(c.in.Login) > loginLimit || len(c.in.Database) > 64 {
				t.Errorf("too long: database %q, login %q", c.in.Database, c.in.Login)
			}
			service := *service
			service.Consumers = []part.Consumer{c.in}
			if err := engine.Names.Check(&service); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLoginsAlternate(t *testing.T) {
	service := &part.Service{Namespace: "shop", Name: "shop-main", Stack: "shop"}
	first := part.Consumer{Namespace: "shop", Stack: "shop", Entry: "main", Private: true, Credential: part.Credential{Version: 1}}
	second := first
	second.Credential.Version = 2
	engine.Names.Login(service, &first)
	engine.Names.Login(service, &second)
	if first.Login == second.Login || logins.Other(first.Login) != second.Login || first.Database != second.Database {
		t.Errorf("%+v and %+v", first, second)
	}
}

func TestBinding(t *testing.T) {
	service := &part.Service{Namespace: "shop", Name: "main", TLS: v1alpha1.TLSRequired, ClusterDomain: "cluster.local"}
	consumer := part.Consumer{Entry: "main", Database: "shop", Login: "shop_a", Access: v1alpha1.AccessReadOnly}
	got := binding(service, consumer, "p/w@")["uri"]
	want := "mysql://shop_a:p%2Fw%40@main.shop.svc.cluster.local:3306/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/bindings/main/ca.crt"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	service.TLS, service.Replicas = v1alpha1.TLSDisabled, 1
	facts := binding(service, consumer, "")
	if facts["host"] != "main-replica.shop.svc.cluster.local" ||
		!strings.HasSuffix(facts["uri"], "/shop?ssl-mode=DISABLED&get-server-public-key=true") {
		t.Errorf("%v", facts)
	}
}
