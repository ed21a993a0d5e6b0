package mongodb

import (
	"path"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// TestGolden shows the scripts by name: they are files beside this one, and the names of the ConfigMaps carry their hash.
func TestGolden(t *testing.T) {
	parttest.Run(t, func(s *part.Service) (part.Output, error) {
		output, err := Builtin().Build(s)
		for _, object := range output.Objects {
			if config, ok := object.(*corev1.ConfigMap); ok {
				for name := range config.Data {
					if slices.Contains([]string{".sh", ".js"}, path.Ext(name)) {
						config.Data[name] = "(file scripts/" + name + ")"
					}
				}
			}
		}
		return output, err
	})
}

// small is a service that is built.
func small() *part.Service {
	s := &part.Service{
		Kind: "StackDatabase", Namespace: "shop", Name: "shop-main", Engine: "MongoDB", Stack: "shop", ClusterDomain: "cluster.local",
		Image: part.Image{Name: "mongo:8.0.29", Version: "8.0.29"}, Resources: kit.SmallResources(), TLS: v1alpha1.TLSDisabled,
		Admin: &part.Credential{Version: 1, Secret: "shop-main-admin-v1-bcdfg"}, Storage: part.Storage{Size: smallestStorage},
	}
	s.Resources.Limits[corev1.ResourceMemory] = *quantity(smallestMemory)
	return s
}

// TestTemplateStays: a member more or less restarts no member, and makes no login anew.
func TestTemplateStays(t *testing.T) {
	made := func(replicas, recorded int32) (template, logins, members string) {
		s := small()
		s.Replicas, s.Members = replicas, recorded
		output, err := build(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range output.Objects {
			if set, ok := object.(*appsv1.StatefulSet); ok {
				content, _ := yaml.Marshal(set.Spec.Template)
				template = string(content) + set.Annotations[kit.AnnotationInputs]
			}
		}
		return template, output.Provisioning, output.Members
	}
	template, logins, members := made(0, 1)
	for _, c := range [][2]int32{{1, 1}, {2, 3}, {6, 7}} {
		otherTemplate, otherLogins, otherMembers := made(c[0], c[1])
		if otherTemplate != template || otherLogins != logins {
			t.Errorf("%d copies: another template, or another Job for logins: %s and %s", c[0], logins, otherLogins)
		}
		if otherMembers == members {
			t.Errorf("%d copies: the same Job for members", c[0])
		}
	}
	if _, _, again := made(0, 7); again != members {
		t.Errorf("the Job follows from what is recorded: %s and %s", again, members)
	}
}

// TestMembersLeaveBeforeTheirPods: a pod runs for as long as its member may have a vote.
func TestMembersLeaveBeforeTheirPods(t *testing.T) {
	for _, c := range []struct{ replicas, members, want int32 }{
		{0, 0, 1}, {0, 1, 1}, {2, 1, 3}, {0, 3, 3}, {2, 7, 7}, {6, 0, 7}, {0, 9, 7},
	} {
		s := &part.Service{Replicas: c.replicas, Members: c.members}
		if got := running(s); got != c.want {
			t.Errorf("%d copies wanted, %d members recorded: %d pods, want %d", c.replicas, c.members, got, c.want)
		}
		s.Suspended = true
		if running(s) != 0 {
			t.Error("a suspended one runs")
		}
	}
}

func TestVoters(t *testing.T) {
	for members, want := range map[int32]int32{1: 1, 2: 1, 3: 3, 4: 3, 5: 5, 6: 5, 7: 7} {
		if got := voters(members); got != want {
			t.Errorf("%d of %d vote, want %d", got, members, want)
		}
	}
}

func TestUpgrade(t *testing.T) {
	for _, step := range []struct {
		from, to string
		allowed  bool
	}{
		{"8.0", "8.0", true},
		{"8.0.17", "8.0.29", true},
		{"8.0.29", "8.0", true},
		{"7.0", "8.0", true},
		{"7.0.28", "8.0.29", true},
		{"8.0", "7.0", false},
		{"6.0", "7.0", false},
		{"6.0", "8.0", false},
		{"8.0", "8.3", false},
		{"8", "9", false},
	} {
		err := releases.Upgrade(step.from, step.to)
		if (err == nil) != step.allowed {
			t.Errorf("%s to %s: %v", step.from, step.to, err)
		}
		if err != nil && !strings.Contains(err.Error(), "mongodump") {
			t.Errorf("no way is told: %v", err)
		}
	}
}

func TestBinding(t *testing.T) {
	s := &part.Service{Namespace: "shop", Name: "main", TLS: v1alpha1.TLSRequired, ClusterDomain: "cluster.local"}
	c := part.Consumer{Entry: "main", Database: "shop", Login: "shop_a", Access: v1alpha1.AccessReadOnly}
	got := binding(s, c, "p/w@")["uri"]
	want := "mongodb://shop_a:p%2Fw%40@main.shop.svc.cluster.local:27017/shop?authSource=admin&replicaSet=rs0" +
		"&readPreference=secondaryPreferred&tls=true&tlsCAFile=/bindings/main/ca.crt"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Replicas = 4
	if again := binding(s, c, "p/w@")["uri"]; again != want {
		t.Errorf("more members make another login: %s", again)
	}
	s.TLS, c.Access = v1alpha1.TLSDisabled, v1alpha1.AccessOwner
	if got := binding(s, c, "")["uri"]; !strings.HasSuffix(got, "/shop?authSource=admin&replicaSet=rs0") {
		t.Error(got)
	}
}

// TestMessagesFit keeps the longest verdicts within the limit of the CRD.
func TestMessagesFit(t *testing.T) {
	for replicas := range int32(mostMembers) {
		s := small()
		s.Production, s.Replicas, s.Consumers = true, replicas, []part.Consumer{{Login: "a_a", Database: "a", Connections: 1 << 40}}
		output, err := build(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range output.Verdicts {
			if len(v.Message) > 512 {
				t.Errorf("%s has %d characters", v.Name, len(v.Message))
			}
		}
	}
}
