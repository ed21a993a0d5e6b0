package components_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/components"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
	"github.com/stackwright/stackwright/controllers/runtimes/celery"
	"github.com/stackwright/stackwright/controllers/runtimes/nodejs"
)

var build = components.New([]part.Runtime{nodejs.Runtime(), celery.Runtime()})

func TestGoldens(t *testing.T) { parttest.Run(t, build) }

// TestRestarts says which changes may restart pods: those, and no other, change the pod template and its inputs.
func TestRestarts(t *testing.T) {
	for name, edit := range map[string]func(*part.Component){
		"image":       func(c *part.Component) { c.Image = "registry.example.com/shop:2" },
		"env":         func(c *part.Component) { c.Spec.Env = []v1alpha1.EnvVar{{Name: "A"}} },
		"resources":   func(c *part.Component) { c.Resources.Requests["cpu"] = resource.MustParse("300m") },
		"placement":   func(c *part.Component) { c.Placement.PriorityClassName = "high" },
		"restartedAt": func(c *part.Component) { c.RestartedAt = "2030-01-01T00:00:00Z" },
		"credentials": func(c *part.Component) { c.Uses[0].Secret = "shop-main-v2" },
		"callee":      func(c *part.Component) { c.Calls = []part.Callee{{Name: "api", Host: "shop-api", Port: 80}} },
	} {
		if before, after := edited(t, nil), edited(t, edit); before == after || before.inputs == after.inputs {
			t.Errorf("%s: the pods keep the old value", name)
		}
	}
}

func TestNoRestarts(t *testing.T) {
	for name, edit := range map[string]func(*part.Component){
		"replicas":  func(c *part.Component) { c.Spec.Replicas, c.Replicas = kit.Ptr(int32(5)), 5 },
		"scale":     func(c *part.Component) { c.Spec.Scale, c.Autoscaled, c.MaxReplicas = &v1alpha1.Scale{Max: 9}, true, 9 },
		"route":     func(c *part.Component) { c.Spec.Routes, c.Called = []v1alpha1.Route{{Name: "public"}}, true },
		"allowFrom": func(c *part.Component) { c.IngressFrom = []part.Peer{{Namespace: "admin"}} },
		"egress":    func(c *part.Component) { c.Spec.Egress, c.Internet = []v1alpha1.EgressRule{}, false },
		"strategy":  func(c *part.Component) { c.Spec.Strategy = &v1alpha1.RolloutStrategy{Type: v1alpha1.RolloutRecreate} },
	} {
		if edited(t, nil) != edited(t, edit) {
			t.Errorf("%s: the pods restart", name)
		}
	}
}

// rendered is what decides about a restart.
type rendered struct{ template, inputs string }

func edited(t *testing.T, edit func(*part.Component)) rendered {
	t.Helper()
	stack := read(t, "ten-lines")
	if edit != nil {
		edit(&stack.Components[0])
	}
	output, err := build(stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range output.Objects {
		if deployment, found := object.(*appsv1.Deployment); found {
			return rendered{kit.Hash(deployment.Spec.Template), deployment.Annotations[kit.AnnotationInputs]}
		}
	}
	t.Fatal("no Deployment")
	return rendered{}
}

// TestVerdictMessagesFit keeps the longest messages within the limit of the CRD.
func TestVerdictMessagesFit(t *testing.T) {
	stack := read(t, "ten-lines")
	component := &stack.Components[0]
	for _, letter := range []string{"a", "b", "c"} {
		host := v1alpha1.Hostname(strings.Repeat(letter, 253))
		component.Egress = append(component.Egress, v1alpha1.EgressRule{Hosts: []v1alpha1.Hostname{host}})
		for _, engine := range []string{"PostgreSQL", "Valkey", "MongoDB", "Memcached", "RabbitMQ"} {
			component.Uses = append(component.Uses, part.Dependency{
				Name: strings.Repeat(letter, 30), Engine: engine, Secret: "s", Keys: []string{"uri"},
			})
		}
	}
	output, err := build(stack)
	if err != nil || len(output.Verdicts) != 2 {
		t.Fatalf("got %d verdicts and the error %v", len(output.Verdicts), err)
	}
	for _, verdict := range output.Verdicts {
		if len(verdict.Message) > 512 {
			t.Errorf("the message of %s has %d characters", verdict.Name, len(verdict.Message))
		}
	}
}

func read(tb testing.TB, name string) *part.Stack {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".in.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	stack := new(part.Stack)
	if err := yaml.UnmarshalStrict(content, stack); err != nil {
		tb.Fatal(err)
	}
	return stack
}

// BenchmarkBuild builds a component with all six kinds of objects.
func BenchmarkBuild(b *testing.B) {
	stack := read(b, "autoscaling")
	stack.Components = stack.Components[:1]
	objects := 0
	b.ReportAllocs()
	for b.Loop() {
		output, err := build(stack)
		if err != nil {
			b.Fatal(err)
		}
		objects = len(output.Objects)
	}
	if objects != 6 {
		b.Fatalf("the stack has %d objects", objects)
	}
}
