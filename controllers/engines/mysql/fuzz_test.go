package mysql

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzBuild: whatever a spec says, it is refused or gives sound objects, and the server reads what was meant.
func FuzzBuild(f *testing.F) {
	var known []string
	for _, s := range settings {
		known = append(known, s.name)
	}
	f.Add([]byte(nil))
	f.Add([]byte("a database with two consumers and a parameter \x03\x01\x02\x01\x03\x01\x07\x00\x09\x0a"))
	f.Add(slices.Repeat([]byte{1, 7, 42}, 80))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data).Service("StackDatabase", "MySQL", "8.4", known)
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
			if config, ok := object.(*corev1.ConfigMap); ok {
				checkConfig(t, s, config.Data["my.cnf"])
				checkPlan(t, s, config.Data["plan"])
			}
		}
	})
}

// checkConfig: every setting is ours or the user's, once, and the user's have their values.
func checkConfig(t *testing.T, s *part.Service, text string) {
	t.Helper()
	if text == "" {
		return
	}
	read, err := readConfig(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	want := fixed(s)
	maps.Copy(want, tuned(s))
	maps.Copy(want, s.Parameters)
	if !maps.Equal(read, want) {
		t.Errorf("the server reads %v, not %v", read, want)
	}
}

// readConfig reads an option file as the server does (my_default.cc): a name, an equals sign, and a value in quotes, in which a
// backslash is before what has a meaning.
func readConfig(text string) (map[string]string, error) {
	result := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' || line == "[mysqld]" {
			continue
		}
		match := regexp.MustCompile(`^([a-z][a-z0-9_]*) = "((?:[^"\\]|\\["\\])*)"$`).FindStringSubmatch(line)
		if match == nil {
			return nil, errors.New("no setting: " + line)
		}
		if _, twice := result[match[1]]; twice {
			return nil, errors.New("twice: " + line)
		}
		result[match[1]] = regexp.MustCompile(`\\(.)`).ReplaceAllString(match[2], "$1")
	}
	return result, nil
}

// checkPlan: the script reads the plan line by line, and word by word.
func checkPlan(t *testing.T, s *part.Service, text string) {
	t.Helper()
	words := map[string]int{"database": 2, "consumer": 6, "departed": 2}
	consumers := 0
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(fields) != words[fields[0]] || slices.Contains(fields, "") {
			t.Errorf("the line %q", line)
		}
		if fields[0] == "consumer" {
			consumers++
		}
	}
	if text != "" && consumers != len(s.Consumers) {
		t.Errorf("%d consumers, not %d", consumers, len(s.Consumers))
	}
}

// FuzzQuote: the server reads every value back, whatever it holds but a line break, which no value may.
func FuzzQuote(f *testing.F) {
	for _, value := range []string{"", "64M", `it"s`, `a\`, `\"`, `""`, `"; x = "y`, "# no comment", "'"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, "\n\r") {
			return
		}
		read, err := readConfig("name = " + quote(value) + "\n")
		if err != nil || read["name"] != value {
			t.Errorf("%q reads back as %q (%v)", value, read["name"], err)
		}
	})
}

// FuzzTuned: whatever memory and storage there are, the server takes every setting that follows them, and has room for it.
func FuzzTuned(f *testing.F) {
	f.Add(int64(512<<20), int64(10<<30))
	f.Add(int64(1), int64(1))
	f.Add(int64(16)<<40, int64(1)<<50)
	f.Fuzz(func(t *testing.T, memory, storage int64) {
		if memory < 1 || storage < 1 || memory > 16<<40 || storage > 1<<50 { // more than any machine has
			return
		}
		s := &part.Service{Image: part.Image{Version: "8.4"}, Storage: part.Storage{Size: *resource.NewQuantity(storage, resource.BinarySI)}}
		s.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI)}
		s.TLS, s.Parameters = v1alpha1.TLSRequired, tuned(s)
		if err := checkParameters(s); err != nil && checkSize(s) == nil {
			t.Errorf("with %d bytes of memory and %d of storage: %v", memory, storage, err)
		}
	})
}

// FuzzBinding: an address is one, whatever the password is, and its parts are those of the binding.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil), "secret")
	f.Add([]byte("shop"), "p@ss/word?#%:&=+ \x00\xff")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		source := parttest.NewSource(data)
		s := source.Service("StackDatabase", "MySQL", "8.4", nil)
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
			"username": address.User.Username(), "password": read,
			"type": "mysql", "provider": "stackwright", "uri": facts["uri"],
		}
		if !maps.Equal(got, facts) || address.Fragment != "" || address.Scheme != "mysql" {
			t.Errorf("%s reads as %q", facts["uri"], got)
		}
		query := map[string]string{"ssl-mode": "DISABLED", "get-server-public-key": "true"}
		if s.TLS != v1alpha1.TLSDisabled {
			query = map[string]string{"ssl-mode": "VERIFY_IDENTITY", "ssl-ca": "/bindings/" + c.Entry + "/ca.crt"}
		}
		for key, values := range address.Query() {
			if len(values) != 1 || query[key] != values[0] {
				t.Errorf("%s has %s %q", facts["uri"], key, values)
			}
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
		a.Private, b.Private = true, true
		engine.Names.Login(s, &a)
		engine.Names.Login(s, &b)
		s.Consumers = []part.Consumer{a, b}
		if err := engine.Names.Check(s); err != nil {
			t.Error(err)
		}
		if base := func(c part.Consumer) string { return c.Login[:len(c.Login)-2] }; (base(a) == base(b)) != same {
			t.Errorf("%+v and %+v", a, b)
		}
		if (a.Database == b.Database) != (a.Namespace == b.Namespace && a.Stack == b.Stack) {
			t.Errorf("databases of %+v and %+v", a, b)
		}
	})
}
