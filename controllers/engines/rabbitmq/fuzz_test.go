package rabbitmq

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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
	f.Add([]byte("a broker with consumers and a parameter \x03\x01\x02\x01\x03\x01\x07\x00\x09\x0a"))
	f.Add(slices.Repeat([]byte{1, 7, 42}, 80))
	known := sortedNames(parameters)
	f.Fuzz(func(t *testing.T, data []byte) {
		source := parttest.NewSource(data)
		s := source.Service("StackQueue", "RabbitMQ", parttest.Pick(source, "4.2", "4.0", "3.13", "5"), known)
		for _, consumers := range [][]part.Consumer{s.Consumers, s.Departed} {
			for i := range consumers {
				login(s, &consumers[i])
			}
		}
		declareSomething(source, s)
		output := parttest.Sound(t, s.Namespace, func() (part.Output, error) { return Build(s) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			if config, ok := object.(*corev1.ConfigMap); ok && config.Data[settingsFile] != "" {
				checkSettings(t, s, config.Data[settingsFile])
			}
			if pod := parttest.PodTemplate(object); pod != nil && pod.Spec.Containers[0].Name == "users" {
				checkConsumers(t, s, pod.Spec.Containers[0].Env)
			}
			if config, ok := object.(*corev1.ConfigMap); ok && config.Data[topologyProgram] != "" {
				checkDeclarations(t, s, config.Data)
			}
		}
	})
}

// checkSettings: each setting stands there once, has the user's value where there is one, and no other appeared.
func checkSettings(t *testing.T, s *part.Service, text string) {
	t.Helper()
	bare := *s
	bare.Parameters = nil
	config, err := config(&bare)
	if err != nil {
		t.Fatal(err)
	}
	ours, read := settingsOf(t, config.Data[settingsFile]), settingsOf(t, text)
	for name, value := range read {
		want, given := s.Parameters[name]
		if !given {
			want = ours[name]
		}
		if value != want {
			t.Errorf("%s is %q, not %q", name, value, want)
		}
	}
	for name := range s.Parameters {
		if _, kept := read[name]; !kept {
			t.Errorf("%s is lost", name)
		}
	}
}

// settingLine is a line of the server's format (cuttlefish): nothing in it may begin a comment or leave the line.
var settingLine = regexp.MustCompile(`^([a-z0-9_.]+) = ([A-Za-z0-9_./-]+)$`)

func settingsOf(t *testing.T, text string) map[string]string {
	t.Helper()
	result := map[string]string{}
	for line := range strings.Lines(text) {
		match := settingLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if match == nil {
			t.Fatalf("the line %q", line)
		}
		if _, twice := result[match[1]]; twice {
			t.Errorf("%s stands there twice", match[1])
		}
		result[match[1]] = match[2]
	}
	return result
}

// checkConsumers: the script reads the consumers line by line, and word by word.
func checkConsumers(t *testing.T, s *part.Service, env []corev1.EnvVar) {
	t.Helper()
	value := func(name string) string {
		return env[slices.IndexFunc(env, func(e corev1.EnvVar) bool { return e.Name == name })].Value
	}
	lines := strings.Split(strings.TrimSuffix(value("CONSUMERS"), "\n"), "\n")
	for i, c := range s.Consumers {
		want := strings.Join(append([]string{folder(i), c.Database}, permissions(c.Access)...), " ")
		if len(lines) != len(s.Consumers) || lines[i] != want || len(strings.Fields(want)) != 5 {
			t.Errorf("the consumers are %q", lines)
		}
	}
	for _, name := range strings.Fields(value("DEPARTED")) {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*_[ab]$`).MatchString(name) {
			t.Errorf("departed is %q", name)
		}
	}
}

// declareSomething gives a broker what a user may declare in it.
func declareSomething(source *parttest.Source, s *part.Service) {
	if s.Stack != "" && source.Bool() {
		s.Topology = ptr(someTopology(source))
	}
	for i := range source.Int(3) {
		s.VHosts = append(s.VHosts, v1alpha1.VirtualHost{Name: []string{"orders", "events"}[i], QueueTopology: someTopology(source)})
	}
}

func someTopology(source *parttest.Source) v1alpha1.QueueTopology {
	var t v1alpha1.QueueTopology
	for range source.Int(3) {
		t.Queues = append(t.Queues, v1alpha1.DeclaredQueue{
			Name: someName(source), Type: parttest.Pick(source, "", v1alpha1.QueueQuorum, v1alpha1.QueueClassic, v1alpha1.QueueStream), QueueLimits: someLimits(source),
		})
	}
	for range source.Int(3) {
		t.Exchanges = append(t.Exchanges, v1alpha1.DeclaredExchange{
			Name: someName(source), Type: parttest.Pick(source, v1alpha1.ExchangeDirect, v1alpha1.ExchangeTopic, v1alpha1.ExchangeFanout, v1alpha1.ExchangeHeaders),
		})
	}
	for range source.Int(3) {
		b := v1alpha1.DeclaredBinding{Exchange: someName(source), RoutingKey: v1alpha1.RoutingKey(source.Text())}
		if source.Bool() {
			b.Queue = someName(source)
		} else {
			b.ToExchange = someName(source)
		}
		if source.Bool() {
			b.Headers = v1alpha1.MessageHeaders{"format": v1alpha1.HeaderValue(source.Text())}
		}
		t.Bindings = append(t.Bindings, b)
	}
	for range source.Int(3) {
		t.Policies = append(t.Policies, v1alpha1.QueuePolicy{
			Name: someName(source), Pattern: source.Text(), Priority: ptr(int32(source.Int(9))), //nolint:gosec // small
			ApplyTo:    parttest.Pick(source, "", v1alpha1.PolicyQueues, v1alpha1.PolicyStreams, v1alpha1.PolicyExchanges),
			Definition: &v1alpha1.PolicyDefinition{QueueLimits: someLimits(source), AlternateExchange: someName(source)},
		})
	}
	return t
}

// someName is a name as the schema has it, or anything.
func someName(source *parttest.Source) v1alpha1.BrokerName {
	return v1alpha1.BrokerName(parttest.Pick(source, "orders", "orders.new:1", source.Label(20), source.Text()))
}

func someLimits(source *parttest.Source) v1alpha1.QueueLimits {
	return v1alpha1.QueueLimits{
		MaxLength: ptr(int64(source.Int(9))), MaxBytes: parttest.Pick[v1alpha1.Capacity](source, "", "1Ki", "512Mi", "9999999P"),
		DeadLetterExchange: someName(source), Overflow: parttest.Pick(source, "", v1alpha1.OverflowDropHead, v1alpha1.OverflowRejectPublishDLX),
	}
}

func ptr[T any](value T) *T { return &value }

// arity is how long an item of each kind is, as topology.erl reads it.
var arity = map[string]int{"policy": 6, "exchange": 3, "queue": 3, "binding": 6}

// checkDeclarations: the program reads what was declared, each thing once and under its name.
func checkDeclarations(t *testing.T, s *part.Service, files map[string]string) {
	t.Helper()
	var all []v1alpha1.QueueTopology
	if s.Topology != nil {
		all = append(all, *s.Topology)
	}
	for i := range s.VHosts {
		all = append(all, s.VHosts[i].QueueTopology)
	}
	for i, declared := range all {
		var items [][]any
		if err := json.Unmarshal([]byte(files["vhost-"+strconv.Itoa(i)+".json"]), &items); err != nil {
			t.Fatal(err)
		}
		names := map[string][]string{}
		for _, item := range items {
			kind, name := item[0].(string), item[1].(string)
			if len(item) != arity[kind] || len(item) == 0 {
				t.Errorf("the item %q", item)
			}
			names[kind] = append(names[kind], name)
		}
		for j := range declared.Queues {
			if want := overJSON(t, string(declared.Queues[j].Name)); len(names["queue"]) != len(declared.Queues) || names["queue"][j] != want {
				t.Errorf("the queues are %q", names["queue"])
			}
		}
		if len(names["exchange"]) != len(declared.Exchanges) || len(names["binding"]) != len(declared.Bindings) || len(names["policy"]) != len(declared.Policies) {
			t.Errorf("items %q of %+v", items, declared)
		}
	}
}

// overJSON is a text as it comes out of JSON: what is no UTF-8 is replaced.
func overJSON(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	if err == nil {
		err = json.Unmarshal(encoded, &text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzBinding: the addresses are addresses, whatever password and virtual host are, and their parts are those of the binding.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil), "secret", "shop")
	f.Add([]byte("shop"), "p@ss/word?#%:&=+ \x00\xff", "/")
	f.Fuzz(func(t *testing.T, data []byte, password, vhost string) {
		source := parttest.NewSource(data)
		s := source.Service("StackQueue", "RabbitMQ", "4.2", nil)
		c := source.Consumer()
		login(s, &c)
		c.Database = vhost
		facts := binding(s, c, password)
		want := map[string]string{"uri": facts["port"], "celery-broker-url": facts["port"], "tls-uri": facts["tls-port"]}
		if s.TLS == v1alpha1.TLSDisabled {
			delete(want, "tls-uri")
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			address, err := url.Parse(facts[key])
			if err != nil {
				t.Fatal(err)
			}
			read, _ := address.User.Password()
			// One segment is the virtual host, whatever is in it.
			host, err := url.PathUnescape(strings.TrimPrefix(address.EscapedPath(), "/"))
			if err != nil || host != vhost || strings.Count(address.EscapedPath(), "/") != 1 || read != password ||
				address.User.Username() != c.Login || address.Hostname() != facts["host"] || address.Port() != want[key] ||
				address.RawQuery != "" || address.Fragment != "" {
				t.Errorf("%s is %s", key, facts[key])
			}
			if encrypted := key == "tls-uri" || s.TLS == v1alpha1.TLSRequired; (address.Scheme == "amqps") != encrypted {
				t.Errorf("%s has the scheme %s", key, address.Scheme)
			}
		}
	})
}
