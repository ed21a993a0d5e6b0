package parttest

import (
	"encoding/json"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stackwright/stackwright/controllers/part"
)

// Sound builds twice from anything, and checks what comes out: a refusal that tells the user what to do, or the same objects,
// which keep the rules of every room, have names and labels that the API server takes, and stay in their namespace. It returns
// the output; nil for a refusal.
func Sound(t *testing.T, namespace string, build func() (part.Output, error)) *part.Output {
	t.Helper()
	output, err := build()
	again, againErr := build()
	if err != nil {
		sameRefusal(t, err, againErr)
		return nil
	}
	if againErr != nil || encoded(t, output) != encoded(t, again) {
		t.Errorf("two builds of the same input differ (%v)", againErr)
	}
	check(t, output)
	for _, object := range slices.Concat(output.Objects, output.Retained) {
		checkAccepted(t, namespace, object)
	}
	for _, v := range output.Verdicts {
		if v.Name == "" || v.Verdict == "" || len(v.Message) > 512 {
			t.Errorf("verdict %+v", v)
		}
	}
	return &output
}

func sameRefusal(t *testing.T, err, again error) {
	t.Helper()
	if again == nil || refusal(t, err) != refusal(t, again) {
		t.Errorf("refused with %q, and then with %v", err, again)
	}
}

// encoded is quicker than Render.
func encoded(t *testing.T, output part.Output) string {
	t.Helper()
	content, err := json.Marshal(output)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func checkAccepted(t *testing.T, namespace string, object part.Object) {
	t.Helper()
	problems := validation.IsDNS1123Subdomain(object.GetName())
	labels := object.GetLabels()
	if pod := PodTemplate(object); pod != nil {
		for key, value := range pod.Labels {
			problems = append(problems, checkLabel(key, value)...)
		}
		for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			problems = append(problems, validation.IsDNS1123Label(container.Name)...)
		}
	}
	for key, value := range labels {
		problems = append(problems, checkLabel(key, value)...)
	}
	for key := range object.GetAnnotations() {
		problems = append(problems, validation.IsQualifiedName(key)...)
	}
	if len(problems) > 0 || object.GetNamespace() != namespace {
		t.Errorf("%T %s/%s: %v", object, object.GetNamespace(), object.GetName(), problems)
	}
}

func checkLabel(key, value string) []string {
	return slices.Concat(validation.IsQualifiedName(key), validation.IsValidLabelValue(value))
}
