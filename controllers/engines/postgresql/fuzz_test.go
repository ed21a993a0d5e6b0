package postgresql

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
		s := parttest.NewSource(data).Service("StackDatabase", "PostgreSQL", "17", known)
		for _, consumers := range [][]part.Consumer{s.Consumers, s.Departed} {
			for i := range consumers {
				login(s, &consumers[i])
			}
		}
		output := parttest.Sound(t, s.Namespace, func() (part.Output, error) { return build(s) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			config, _ := object.(*corev1.ConfigMap)
			switch {
			case config == nil:
			case config.Data["postgresql.conf"] != "":
				checkConfig(t, s, config.Data["postgresql.conf"])
			case config.Data["plan"] != "":
				checkPlan(t, s, config.Data["plan"])
			}
		}
	})
}

// checkConfig: the settings are those of a server without parameters and the user's, each once, and each has its value.
func checkConfig(t *testing.T, s *part.Service, text string) {
	t.Helper()
	read, err := readConfig(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	bare := *s
	bare.Parameters = nil
	plain, err := readConfig(serverConfig(&bare))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range read {
		given, user := s.Parameters[name]
		want, ours := plain[name]
		switch {
		case user && value != given:
			t.Errorf("%s is %q, not %q", name, value, given)
		case !user && !ours:
			t.Errorf("%s appeared", name)
		case !user && value != want && name != "work_mem": // which follows max_connections
			t.Errorf("%s is %q, not %q", name, value, want)
		}
	}
	for name := range plain {
		if _, kept := read[name]; !kept {
			t.Errorf("%s is lost", name)
		}
	}
}

// readConfig reads a configuration file as the server's scanner (guc-file.l) does: a name, an equals sign, and a string in which
// only a doubled quote and a backslash have a meaning.
func readConfig(text string) (map[string]string, error) {
	result := map[string]string{}
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if line == "" || line[0] == '#' {
			text = rest
			continue
		}
		name, after, found := strings.Cut(text, " = '")
		if !found || !regexp.MustCompile(`^[a-z_]+$`).MatchString(name) {
			return nil, errors.New("no setting: " + line)
		}
		value, rest, err := readString(after)
		if _, twice := result[name]; err != nil || twice {
			return nil, errors.Join(err, errors.New("setting "+name))
		}
		result[name], text = value, rest
	}
	return result, nil
}

// readString reads up to the closing quote, which has to end the line.
func readString(text string) (value, rest string, err error) {
	var read []byte
	for i := 0; i < len(text); i++ {
		switch next := text[i:]; {
		case next[0] == '\n':
			return "", "", errors.New("a string that goes over the line")
		case strings.HasPrefix(next, "''"), next[0] == '\\' && len(next) > 1:
			i++
			read = append(read, text[i])
		case next[0] == '\'':
			if !strings.HasPrefix(next, "'\n") {
				return "", "", errors.New("more behind a string")
			}
			return string(read), next[2:], nil
		default:
			read = append(read, next[0])
		}
	}
	return "", "", errors.New("an open string")
}

// checkPlan: the script reads the plan line by line, and word by word.
func checkPlan(t *testing.T, s *part.Service, text string) {
	t.Helper()
	words := map[string]int{"database": 2, "consumer": 6, "departed": 2, "replicas": 2}
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
	if consumers != len(s.Consumers) {
		t.Errorf("%d consumers, not %d", consumers, len(s.Consumers))
	}
}

// FuzzQuote: the server reads every value back, whatever it holds but a line break, which no value may.
func FuzzQuote(f *testing.F) {
	for _, value := range []string{"", "64MB", "it's", `a\`, `\'`, "''", "'; x = 'y", "%m [%p] "} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.Contains(value, "\n") {
			return
		}
		read, err := readConfig("name = " + quote(value) + "\n")
		if err != nil || read["name"] != value {
			t.Errorf("%q reads back as %q (%v)", value, read["name"], err)
		}
	})
}

// FuzzTuned: whatever memory and storage there are, the server takes every setting that follows them.
func FuzzTuned(f *testing.F) {
	f.Add(int64(512<<20), int64(10<<30), int64(0))
	f.Add(int64(1), int64(1), int64(25))
	f.Add(int64(16)<<40, int64(1)<<50, int64(5000))
	f.Fuzz(func(t *testing.T, memory, storage, connections int64) {
		if memory < 1 || storage < 1 || memory > 16<<40 || storage > 1<<50 { // more than any machine has
			return
		}
		s := &part.Service{Image: part.Image{Version: "17"}, Storage: part.Storage{Size: *resource.NewQuantity(storage, resource.BinarySI)}}
		s.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI)}
		if connections >= 25 && connections <= 5000 {
			s.Parameters = map[string]string{"max_connections": resource.NewQuantity(connections, resource.DecimalSI).AsDec().String()}
		}
		for name, value := range tuned(s) {
			for _, known := range settings {
				if known.name == name && known.first <= 17 && 17 <= known.last {
					if problem := checkValue(known, value); problem != "" {
						t.Errorf("with %d bytes of memory and %d of storage, %s: %s", memory, storage, name, problem)
					}
				}
			}
		}
	})
}

// FuzzBinding: an address is one, whatever the password is, and its parts are those of the binding.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil), "secret")
	f.Add([]byte("shop"), "p@ss/word?#%:&=+ \x00\xff")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		source := parttest.NewSource(data)
		s := source.Service("StackDatabase", "PostgreSQL", "17", nil)
		c := source.Consumer()
		login(s, &c)
		facts := binding(s, c, password)
		address, err := url.Parse(facts["uri"])
		if err != nil {
			t.Fatal(err)
		}
		read, _ := address.User.Password()
		got := map[string]string{
			"host": address.Hostname(), "port": address.Port(), "database": strings.TrimPrefix(address.Path, "/"),
			"username": address.User.Username(), "password": read,
			"type": "postgresql", "provider": "stackwright", "uri": facts["uri"],
		}
		if !maps.Equal(got, facts) || address.Fragment != "" || address.Scheme != "postgresql" {
			t.Errorf("%s reads as %q", facts["uri"], got)
		}
		query := map[string]string{"sslmode": "disable"}
		if s.TLS != v1alpha1.TLSDisabled {
			query = map[string]string{"sslmode": "verify-full", "sslrootcert": "/bindings/" + c.Entry + "/ca.crt"}
		}
		for key, values := range address.Query() {
			if len(values) != 1 || query[key] != values[0] {
				t.Errorf("%s has %s %q", facts["uri"], key, values)
			}
		}
	})
}

// FuzzLogin: names that the server takes without quotes, and never one for two consumers.
func FuzzLogin(f *testing.F) {
	f.Add([]byte(nil), []byte("x"))
	f.Add(slices.Repeat([]byte{250}, 130), slices.Repeat([]byte{251}, 130))
	f.Fuzz(func(t *testing.T, one, other []byte) {
		s := &part.Service{Namespace: "shop", Name: "shop-main", Stack: "shop"}
		a, b := parttest.NewSource(one).Consumer(), parttest.NewSource(other).Consumer()
		same := a.Namespace == b.Namespace && a.Stack == b.Stack && a.Entry == b.Entry
		a.Private, b.Private = true, true
		login(s, &a)
		login(s, &b)
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
