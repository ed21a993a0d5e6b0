package mongodb

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzBuild: whatever a spec says, it is refused or gives sound objects, and the server reads what was meant.
func FuzzBuild(f *testing.F) {
	known := slices.Sorted(maps.Keys(settings))
	f.Add([]byte(nil))
	f.Add([]byte("a database with two consumers and a parameter \x03\x01\x02\x01\x03\x01\x07\x00\x09\x0a"))
	f.Add(slices.Repeat([]byte{1, 7, 42}, 80))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data).Service("StackDatabase", "MongoDB", "8.0", known)
		for _, consumers := range [][]part.Consumer{s.Consumers, s.Departed} {
			for i := range consumers {
				engine.Names.Login(s, &consumers[i])
			}
		}
		output := parttest.Sound(t, s.Namespace, func() (part.Output, error) { return build(s) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			switch o := object.(type) {
			case *corev1.ConfigMap:
				checkConfig(t, s, o.Data["mongod.conf"])
			case *appsv1.StatefulSet:
				if *o.Spec.Replicas < 1 != s.Suspended || *o.Spec.Replicas > mostMembers {
					t.Errorf("%d pods", *o.Spec.Replicas)
				}
			}
		}
	})
}

// checkConfig: the file says no more and no less than was meant.
func checkConfig(t *testing.T, s *part.Service, text string) {
	t.Helper()
	if text == "" {
		return
	}
	var read map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &read); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	want := fixed(s)
	maps.Copy(want, tuned(s))
	if got := leaves(read, ""); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the server reads %v, not %v", got, want)
	}
	for name := range s.Parameters {
		if !strings.Contains(text, scalar(s.Parameters[name])) {
			t.Errorf("%s does not say %q", name, s.Parameters[name])
		}
	}
}

// leaves are the names of all options, sorted.
func leaves(value any, name string) []string {
	level, ok := value.(map[string]any)
	if !ok {
		return []string{name}
	}
	var result []string
	for key, below := range level {
		result = append(result, leaves(below, strings.TrimPrefix(name+"."+key, "."))...)
	}
	slices.Sort(result)
	return result
}

// FuzzBinding: an address is one, whatever the password is, and its parts are those of the binding.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil), "secret")
	f.Add([]byte("shop"), "p@ss/word?#%:&=+ \x00\xff")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		source := parttest.NewSource(data)
		s := source.Service("StackDatabase", "MongoDB", "8.0", nil)
		c := source.Consumer()
		engine.Names.Login(s, &c)
		facts := binding(s, c, password)
		address, err := url.Parse(facts["uri"])
		if err != nil {
			t.Fatal(err)
		}
		read, _ := address.User.Password()
		got := map[string]string{
			"host": address.Hostname(), "port": address.Port(), "database": strings.TrimPrefix(address.Path, "/"),
			"username": address.User.Username(), "password": read, "type": "mongodb", "provider": "stackwright", "uri": facts["uri"],
			"auth-source": address.Query().Get("authSource"), "replica-set": address.Query().Get("replicaSet"),
		}
		if !maps.Equal(got, facts) || address.Fragment != "" || address.Scheme != "mongodb" {
			t.Errorf("%s reads as %q", facts["uri"], got)
		}
		encrypted, secondary := address.Query().Get("tls") == "true", address.Query().Get("readPreference") == "secondaryPreferred"
		if encrypted == (s.TLS == v1alpha1.TLSDisabled) || secondary != (c.Access == v1alpha1.AccessReadOnly) {
			t.Errorf("%s with TLS %s and access %s", facts["uri"], s.TLS, c.Access)
		}
	})
}

// FuzzLogin: names that the server takes, and never one for two consumers.
func FuzzLogin(f *testing.F) {
	f.Add([]byte(nil), []byte("x"))
	f.Add(slices.Repeat([]byte{250}, 130), slices.Repeat([]byte{251}, 130))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		s := &part.Service{Namespace: "shop", Name: "shop-main", Stack: "shop"}
		a, b := parttest.NewSource(one).Consumer(), parttest.NewSource(other).Consumer()
		same := a.Namespace == b.Namespace && a.Stack == b.Stack && a.Entry == b.Entry
		engine.Names.Login(s, &a)
		engine.Names.Login(s, &b)
		s.Consumers = []part.Consumer{a, b}
		if err := engine.Names.Check(s); err != nil {
			t.Error(err)
		}
		if base := func(c part.Consumer) string { return c.Login[:len(c.Login)-2] }; (base(a) == base(b)) != same {
			t.Errorf("%+v and %+v", a, b)
		}
	})
}
