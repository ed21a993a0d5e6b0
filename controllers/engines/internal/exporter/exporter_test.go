package exporter

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

func service() *part.Service {
	return &part.Service{
		Namespace: "shop", Name: "main", Engine: "PostgreSQL", ClusterDomain: "cluster.local", TLS: v1alpha1.TLSRequired,
		Image:       part.Image{Name: "postgres:17", Version: "17"},
		Admin:       &part.Credential{Secret: "main-admin-v1-bcdfg"},
		Certificate: &part.Credential{Secret: "main-tls-v1-bcdfg"},
		Metrics:     &part.Metrics{Image: part.Image{Name: "exporter:1", Version: "1", RunAsUser: 7, RunAsGroup: 7}},
	}
}

func hash(s *part.Service) string {
	return Exporter{Port: 9187}.statefulSet(s, Primary(s, 1), "").Annotations[kit.AnnotationInputs]
}

// TestInputsStay pins the hash of one case: another one for what exists restarts every exporter when the operator is upgraded.
func TestInputsStay(t *testing.T) {
	const want = "16885e1211"
	if got := hash(service()); got != want {
		t.Errorf("the inputs have the hash %s, not %s", got, want)
	}
}

// TestInputs: an exporter restarts for what it reaches its server with, and not for what only the server or the operator has.
func TestInputs(t *testing.T) {
	before := hash(service())
	for what, c := range map[string]struct {
		change   func(*part.Service)
		restarts bool
	}{
		"an image of the class":                 {func(s *part.Service) { s.Metrics.Image.Given = "example.com/exporter:2" }, true},
		"a user of the class":                   {func(s *part.Service) { s.Metrics.Image.GivenUser = "8:8" }, true},
		"another image of the built-in catalog": {func(s *part.Service) { s.Metrics.Image.Name = "exporter:2" }, false},
		"another image of the server":           {func(s *part.Service) { s.Image.Given = "example.com/postgres:17" }, false},
		"a restart of the server":               {func(s *part.Service) { s.RestartedAt = "2026-01-02T03:04:05Z" }, false},
		"settings of the server":                {func(s *part.Service) { s.Parameters = map[string]string{"work_mem": "8MB"} }, false},
		"another password":                      {func(s *part.Service) { s.Admin.Secret = "main-admin-v2-bcdfg" }, true},
		"another authority":                     {func(s *part.Service) { s.Certificate.Secret = "main-tls-v2-bcdfg" }, true},
		"another placement":                     {func(s *part.Service) { s.Placement.PriorityClassName = "high" }, true},
		"readers": {func(s *part.Service) {
			s.Metrics.Readers = &v1alpha1.NamespaceGrant{From: v1alpha1.NamespacesAll}
		}, false},
	} {
		s := service()
		c.change(s)
		if (hash(s) != before) != c.restarts {
			t.Errorf("%s: restarts %v", what, !c.restarts)
		}
	}
}

// TestNobodyReads: without readers there is no policy that lets anybody in, and the verdict says so.
func TestNobodyReads(t *testing.T) {
	output, s := part.Output{}, service()
	Exporter{Port: 9187}.Add(s, Primary(s, 2), &output)
	Tell(s, 9187, &output)
	if len(output.Objects) != 2 || output.Verdicts[0].Verdict != v1alpha1.VerdictFallback {
		t.Errorf("%d objects, %+v", len(output.Objects), output.Verdicts)
	}
	if set, is := output.Objects[0].(*appsv1.StatefulSet); !is || *set.Spec.Replicas != 2 || len(set.Spec.VolumeClaimTemplates) > 0 {
		t.Errorf("%+v", output.Objects[0])
	}
}
