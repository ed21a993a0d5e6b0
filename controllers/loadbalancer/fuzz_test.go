package loadbalancer

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// FuzzBuild: whatever hostnames and paths routes have, they are refused, or nginx reads exactly them and nothing else.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(nil), "shop.example.com", "/", "", "/api")
	f.Add([]byte("\x01\x02"), "*.example.com", "/caf%C3%A9%20$host;%7B%22", "shop.example.com", `/a"b\c{d}e#f`)
	f.Add([]byte("\x02\x01"), "~^(.*)$", "/%2e%2e/x", "a b", "/a/%0a}server{listen 1;}")
	f.Fuzz(func(t *testing.T, data []byte, host, path, otherHost, otherPath string) {
		s := parttest.NewSource(data)
		stack := &part.Stack{Namespace: s.Label(63), Name: s.Label(30), ClusterDomain: "cluster.local", Suspended: s.Bool(), Production: s.Bool()}
		stack.LoadBalancer = &part.LoadBalancer{
			Image: part.Image{Name: "nginx:1", RunAsUser: 101, RunAsGroup: 101}, Replicas: int32(1 + s.Int(3)), Resources: s.Resources(), //nolint:gosec // small
		}
		for i, r := range [][2]string{{host, path}, {otherHost, otherPath}, {host, otherPath}} {
			name := s.Label(30)
			stack.LoadBalancer.Routes = append(stack.LoadBalancer.Routes, part.Route{
				Hostname: r[0], Path: r[1], Component: name, Host: name + ".shop.svc.cluster.local", Port: int32(8000 + i), Entry: "public/all", //nolint:gosec // small
			})
		}
		output := parttest.Sound(t, stack.Namespace, func() (part.Output, error) { return Build(stack) })
		if output == nil {
			return
		}
		for _, object := range output.Objects {
			if config, ok := object.(*corev1.ConfigMap); ok {
				checkServers(t, stack.LoadBalancer.Routes, config.Data[configFile])
			}
		}
	})
}

// checkServers: besides what stands in every configuration there is one server for each hostname, with locations for paths that
// were asked for and no target that was not.
func checkServers(t *testing.T, routes []part.Route, text string) {
	t.Helper()
	hosts, paths, targets := map[string]bool{"_": true}, map[string]bool{"/": true, healthPath: true}, map[string]bool{"": true}
	for _, r := range routes {
		hosts[r.Hostname] = true
		targets[fmt.Sprintf("%s:%d", r.Host, r.Port)] = true
		path, err := url.PathUnescape(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		path = strings.TrimSuffix(path, "/")
		paths[path], paths[path+"/"] = true, true
	}
	names := map[string]int{}
	for _, line := range statements(t, text) {
		names[line[0]]++
		known := true
		switch line[0] {
		case "server_name":
			known = len(line) == 2 && hosts[line[1]]
		case "location":
			known = paths[line[len(line)-1]] && (len(line) == 2 || len(line) == 3 && (line[1] == "=" || line[1] == "^~"))
		case "set":
			known = len(line) == 3 && line[1] == "$target" && targets[line[2]]
		case "proxy_pass":
			known = slices.Equal(line[1:], []string{"http://$target"})
		case "listen":
			known = len(line) > 1 && (line[1] == "8080" || line[1] == "8081")
		}
		if !known {
			t.Errorf("%q in\n%s", line, text)
		}
	}
	for name := range names {
		if !slices.Contains(slices.Collect(maps.Keys(plainNames(t))), name) {
			t.Errorf("the directive %s appeared", name)
		}
	}
}

// plainNames are the directives of a configuration for one plain route.
func plainNames(t *testing.T) map[string]int {
	t.Helper()
	stack := &part.Stack{Namespace: "shop", Name: "shop", LoadBalancer: &part.LoadBalancer{Routes: []part.Route{{Path: "/a", Host: "a", Port: 1}}}}
	object, err := config(stack)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for _, line := range statements(t, object.Data[configFile]) {
		names[line[0]]++
	}
	return names
}

// statements reads a configuration as nginx does (ngx_conf_read_token), without its nesting: but for quotes and backslashes
// nothing has a meaning but spaces and the three marks. What stands in a map is data, and left out.
func statements(t *testing.T, text string) [][]string {
	t.Helper()
	var result [][]string
	var line []string
	maps := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(" \n", c) >= 0:
			i++
		case strings.IndexByte(";{}", c) >= 0:
			if c == '{' && (maps > 0 || len(line) > 0 && line[0] == "map") {
				maps++
			} else if maps == 0 && c != '}' {
				result = append(result, line)
			}
			if c == '}' && maps > 0 {
				maps--
			}
			line, i = nil, i+1
		case c == '"':
			word, next := quotedWord(t, text, i+1)
			line, i = append(line, word), next
		default:
			end := i + strings.IndexAny(text[i:], " \n;{}")
			line, i = append(line, text[i:end]), end
		}
	}
	if len(line) > 0 || maps != 0 {
		t.Fatalf("it ends within %q", line)
	}
	return result
}

func quotedWord(t *testing.T, text string, from int) (string, int) {
	t.Helper()
	var word strings.Builder
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
			word.WriteByte(text[i])
		case '"':
			return word.String(), i + 1
		default:
			word.WriteByte(text[i])
		}
	}
	t.Fatal("an open quote")
	return "", 0
}
