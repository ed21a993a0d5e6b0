package controllers_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers"
	"github.com/stackwright/stackwright/controllers/part"
)

// enumOf returns the values that a field of a kind may have, by its path in the schema.
func enumOf(t *testing.T, kind string, fields ...string) []string {
	t.Helper()
	file := "stackwright.dev_" + strings.ToLower(kind) + "s.yaml"
	content, err := os.ReadFile(filepath.Join("..", "config", "crd", "bases", file))
	if err != nil {
		t.Fatal(err)
	}
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(content, definition); err != nil {
		t.Fatal(err)
	}
	schema := *definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	for _, field := range fields {
		if schema.Items != nil {
			schema = *schema.Items.Schema
		}
		schema = schema.Properties[field]
	}
	var values []string
	for _, value := range schema.Enum {
		values = append(values, strings.Trim(string(value.Raw), `"`))
	}
	if len(values) == 0 {
		t.Fatalf("%s.%v has no values", kind, fields)
	}
	slices.Sort(values)
	return values
}

func TestEveryEngineHasAProvider(t *testing.T) {
	served := map[string]map[string]bool{}
	names := map[[3]string]bool{}
	for _, p := range controllers.Providers() {
		if served[p.Kind] == nil {
			served[p.Kind] = map[string]bool{}
		}
		served[p.Kind][p.Engine] = true
		key := [3]string{p.Kind, p.Engine, p.Name}
		if names[key] {
			t.Errorf("two providers are called %v", key)
		}
		names[key] = true
	}
	for _, kind := range serviceKinds {
		if got, want := slices.Sorted(maps.Keys(served[kind])), enumOf(t, kind, "spec", "engine"); !slices.Equal(got, want) {
			t.Errorf("%s: the API has the engines %v, the providers serve %v", kind, want, got)
		}
	}
}

func TestEveryRuntimeIsServed(t *testing.T) {
	served := []string{string(v1alpha1.RuntimeCustom)}
	for _, runtime := range controllers.Runtimes() {
		served = append(served, string(runtime.Name))
	}
	slices.Sort(served)
	if want := enumOf(t, "BackendStack", "spec", "components", "runtime"); !slices.Equal(served, want) {
		t.Errorf("the API has the runtimes %v, %v are served", want, served)
	}
}

// TestProvidersAreComplete: the pipeline calls these functions without asking whether they are there.
func TestProvidersAreComplete(t *testing.T) {
	for _, p := range controllers.Providers() {
		t.Run(p.Engine+" "+p.Name, func(t *testing.T) {
			service := &part.Service{
				Kind: p.Kind, Namespace: "shop", Name: "shop-main", Engine: p.Engine, Provider: p.Name, Stack: "shop",
				ClusterDomain: "cluster.local", TLS: p.DefaultTLS, Shards: 1, Nodes: 1,
			}
			c := part.Consumer{Namespace: "shop", Stack: "shop", Entry: "main", Access: v1alpha1.AccessOwner, Private: true}
			c.Credential.Version = 1
			p.Login(service, &c)
			next := c
			next.Credential.Version = 2
			p.Login(service, &next)
			other := part.Consumer{Namespace: "shop", Stack: "shop", Entry: "other", Credential: c.Credential, Private: true}
			p.Login(service, &other)
			binding := p.Binding(service, c, "VALUE")
			switch {
			case binding["type"] == "" || binding["provider"] == "" || binding["host"] == "" || binding["port"] == "":
				t.Errorf("the binding lacks a key of servicebinding.io: %v", slices.Sorted(maps.Keys(binding)))
			case c.Login != "" && (next.Login == c.Login || next.Database != c.Database || next.Group != c.Group):
				t.Errorf("versions 1 and 2 have the logins %+v and %+v", c, next)
			case c.Login != "" && other.Login == c.Login:
				t.Errorf("two entries have the login %s", c.Login)
			case len(p.Ports(service)) == 0 || p.Endpoint(service).Host == "" || !slices.Contains(p.Ports(service), p.Endpoint(service).Port):
				t.Errorf("endpoint %+v, ports %v", p.Endpoint(service), p.Ports(service))
			case p.DefaultTLS == "" || p.DefaultStorage == "" && p.Stateful(service):
				t.Error("a default is missing")
			case len(p.ServerNames(service)) == 0 || !slices.Contains(p.ServerNames(service), p.Endpoint(service).Host):
				t.Errorf("the certificate for %v is not one for %s", p.ServerNames(service), p.Endpoint(service).Host)
			case p.Upgrade("1.0", "1.0") != nil:
				t.Error("a version cannot stay as it is")
			}
		})
	}
}
