package policytest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// template finds the pod template of a golden document, whatever kind it is.
type template struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Template *corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

func evaluator(t *testing.T) policy.Evaluator {
	t.Helper()
	result, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

// TestGoldenPodsAreRestricted: every pod that a room makes, and every pod of a sample, passes the strictest profile as
// Kubernetes itself judges it.
func TestGoldenPodsAreRestricted(t *testing.T) {
	files := goldenFiles(t)
	judge := evaluator(t)
	pods := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(content, []byte("--- # ")) {
			comment, body, _ := bytes.Cut(document, []byte("\n"))
			if string(comment) != "owned" {
				continue
			}
			var found template
			if err := yaml.Unmarshal(body, &found); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if found.Spec.Template == nil {
				continue
			}
			pods++
			for _, result := range judge.EvaluatePod(restricted, &found.Spec.Template.ObjectMeta, &found.Spec.Template.Spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s: %s", file, found.Metadata.Name, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		}
	}
	t.Logf("%d pods", pods)
	if pods < 100 {
		t.Errorf("only %d pods were judged", pods)
	}
}

func goldenFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*", "engines/*", "integrations/*"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "controllers", pattern, "testdata", "*.golden.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	samples, err := filepath.Glob(filepath.Join("testdata", "golden", "*.golden.yaml"))
	if err != nil || len(samples) < 6 {
		t.Fatalf("%v, %v", samples, err)
	}
	return append(files, samples...)
}

// TestEvaluatorRefuses: the judge is awake.
func TestEvaluatorRefuses(t *testing.T) {
	pod := &corev1.PodSpec{Containers: []corev1.Container{{Name: "plain", Image: "plain"}}}
	refused := false
	for _, result := range evaluator(t).EvaluatePod(restricted, &metav1.ObjectMeta{}, pod) {
		refused = refused || !result.Allowed
	}
	if !refused {
		t.Error("a plain pod passes as restricted")
	}
}
