package memcached

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzBuild: whatever a spec says, it is refused or gives sound objects, and the engine gets each option once with its value.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a cache with consumers and a parameter \x03\x01\x02\x01\x03\x01\x07\x00\x09\x0a"))
	f.Add(slices.Repeat([]byte{1, 7, 42}, 80))
	known := slices.Sorted(maps.Keys(settings))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data).Service("StackCache", "Memcached", "1.6", known)
		output := parttest.Sound(t, s.Namespace, func() (part.Output, error) { return build(s) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			if set, ok := object.(*appsv1.StatefulSet); ok {
				checkCommand(t, s, set.Spec.Template.Spec.Containers[0].Command)
			}
		}
	})
}

// FuzzCommand: one setting by its name, with any value.
func FuzzCommand(f *testing.F) {
	for _, value := range []string{"1m", "1536k", "4096", "-1", "1.25", "4 -l 0.0.0.0", "1m\n", "0", "99999999999999999999m"} {
		f.Add("max-item-size", value, "threads", "4")
	}
	f.Fuzz(func(t *testing.T, name, value, other, second string) {
		s := parttest.NewSource(nil).Service("StackCache", "Memcached", "1.6", nil)
		s.TLS, s.Parameters = v1alpha1.TLSDisabled, map[string]string{name: value, other: second}
		if parttest.Sound(t, s.Namespace, func() (part.Output, error) { return build(s) }) != nil {
			checkCommand(t, s, command(s))
		}
	})
}

// checkCommand reads the arguments as getopt does: every option that is used here takes a value, but -Z.
func checkCommand(t *testing.T, s *part.Service, command []string) {
	t.Helper()
	read := map[string]string{}
	for i := 1; i < len(command); i++ {
		option := command[i]
		if len(option) != 2 || option[0] != '-' || read[option] != "" {
			t.Fatalf("%q of %q", option, command)
		}
		if read[option] = "set"; option != "-Z" {
			i++
			read[option] = command[i]
		}
	}
	want := map[string]string{"-p": "11211", "-m": strconv.FormatInt(itemMemory(s), 10), "-c": "1024"}
	for name, value := range s.Parameters {
		want[flags[name]] = value
	}
	if s.TLS == v1alpha1.TLSRequired {
		want["-Z"], want["-o"] = "set", "ssl_chain_cert=/tls/tls.crt,ssl_key=/tls/tls.key"
	}
	if !maps.Equal(read, want) {
		t.Errorf("the engine gets %q, not %q", read, want)
	}
	for option, value := range want {
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.HasPrefix(value, "-") {
			t.Errorf("%s is %q", option, value)
		}
	}
}

// FuzzBinding: the list of servers has one address for each node.
func FuzzBinding(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(slices.Repeat([]byte{3, 255}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data).Service("StackCache", "Memcached", "1.6", nil)
		facts := binding(s, part.Consumer{}, "")
		servers := strings.Split(facts["servers"], ",")
		if len(servers) != int(s.Shards) || facts["uri"] != "memcached://"+facts["servers"] {
			t.Errorf("%d nodes are %q", s.Shards, facts)
		}
		for i, server := range servers {
			host, port, err := net.SplitHostPort(server)
			if err != nil || port != facts["port"] || host != s.Name+"-"+strconv.Itoa(i)+"."+facts["host"] {
				t.Errorf("node %d is %q (%v)", i, server, err)
			}
		}
	})
}
