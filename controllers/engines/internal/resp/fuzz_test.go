package resp

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzBuild: whatever a spec says, it is refused or gives sound objects, and the server reads what was meant.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a cache with consumers and a parameter \x03\x01\x02\x01\x03\x01\x07\x00\x09\x0a"))
	f.Add(slices.Repeat([]byte{1, 7, 42}, 80))
	known := slices.Sorted(maps.Keys(settings))
	f.Fuzz(func(t *testing.T, data []byte) {
		source := parttest.NewSource(data)
		engine := parttest.Pick(source, Engine{Name: "Valkey", Server: "valkey-server", Client: "valkey-cli"}, Engine{Name: "Redis", Server: "redis-server", Client: "redis-cli"})
		s := source.Service("StackCache", engine.Name, "8.1", known)
		for _, consumers := range [][]part.Consumer{s.Consumers, s.Departed} {
			for i := range consumers {
				login(s, &consumers[i])
			}
		}
		output := parttest.Sound(t, s.Namespace, func() (part.Output, error) { return build(engine, s) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			config, _ := object.(*corev1.ConfigMap)
			switch {
			case config == nil:
			case config.Data[configFile] != "":
				checkConfiguration(t, s, config.Data[configFile])
			case config.Data[usersFile] != "":
				checkUsers(t, s, config)
			}
		}
	})
}

// checkConfiguration: the directives are those of a server without parameters and the user's, each once, with their values.
func checkConfiguration(t *testing.T, s *part.Service, text string) {
	t.Helper()
	bare := *s
	bare.Parameters = nil
	want := directives(t, configuration(&bare))
	for name, value := range s.Parameters {
		want[name] = []string{value}
	}
	if got := directives(t, text); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("with %q the server reads %q, not %q", s.Parameters, got, want)
	}
}

func directives(t *testing.T, text string) map[string][]string {
	t.Helper()
	result := map[string][]string{}
	for line := range strings.Lines(text) {
		words := split(t, strings.TrimSuffix(line, "\n"))
		if len(words) == 0 {
			t.Fatalf("an empty line in %q", text)
		}
		if _, twice := result[words[0]]; twice {
			t.Errorf("%s stands there twice", words[0])
		}
		result[words[0]] = words[1:]
	}
	return result
}

// checkUsers: one login a line, known by a digest alone, and what a login may do is one of a few fixed texts.
func checkUsers(t *testing.T, s *part.Service, config *corev1.ConfigMap) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(config.Data[usersFile], "\n"), "\n")
	shape := regexp.MustCompile(`^user [a-z0-9_]+ on #[0-9a-f]{64} (.*)$`)
	if len(lines) != len(s.Consumers)+2 || lines[0] != nobody {
		t.Errorf("the list of logins %q", lines)
	}
	for _, line := range lines[1:] {
		match := shape.FindStringSubmatch(line)
		if match == nil || !slices.Contains([]string{mayUse, mayOwn, mayRead, "~* &* +@all"}, match[1]) {
			t.Errorf("the login %q", line)
		}
	}
	for login := range strings.Lines(config.Data[departedFile]) {
		if !validLogin.MatchString(strings.TrimSuffix(login, "\n")) || strings.Contains(config.Data[usersFile], "user "+strings.TrimSuffix(login, "\n")+" ") {
			t.Errorf("departed is %q", login)
		}
	}
}

// FuzzRender: the server reads every directive back, whatever its values hold.
func FuzzRender(f *testing.F) {
	for _, value := range []string{"", "plain", "two words", `"`, `\`, "a\nrequirepass none", "#", "'", "\x00\xff", `\x41`} {
		f.Add(value, "after")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		text := render([]directive{{"before", []string{"x"}}, {"name", []string{first, second}}, {"save", []string{""}}})
		want := map[string][]string{"before": {"x"}, "name": {first, second}, "save": {""}}
		if got := directives(t, text); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%q and %q read as %q", first, second, got)
		}
	})
}

// FuzzBinding: the addresses are addresses, whatever the password is, and their parts are those of the binding.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil), "secret")
	f.Add([]byte("shop"), "p@ss/word?#%:&=+ \x00\xff")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		source := parttest.NewSource(data)
		s := source.Service("StackCache", "Valkey", "8.1", nil)
		c := source.Consumer()
		login(s, &c)
		facts := binding(s, c, password)
		for _, key := range []string{"uri", "tls-uri", "celery-broker-url", "celery-result-backend"} {
			if facts[key] == "" && key == "tls-uri" {
				continue
			}
			address, err := url.Parse(facts[key])
			if err != nil {
				t.Fatal(err)
			}
			port, encrypted := facts["port"], s.TLS == v1alpha1.TLSRequired || key == "tls-uri"
			if key == "tls-uri" {
				port = facts["tls-port"]
			}
			read, _ := address.User.Password()
			if read != password || address.User.Username() != c.Login || address.Hostname() != facts["host"] || address.Port() != port ||
				address.Path != "/0" || (address.Scheme == "rediss") != encrypted || address.Fragment != "" {
				t.Errorf("%s is %s", key, facts[key])
			}
			for name, values := range address.Query() {
				if !strings.HasPrefix(key, "celery-") || !strings.HasPrefix(name, "ssl_") || len(values) != 1 {
					t.Errorf("%s has %s %q", key, name, values)
				}
			}
		}
	})
}
