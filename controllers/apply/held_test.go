package apply

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
)

// workload is a Deployment with a pod of an image, built from inputs.
func workload(t *testing.T, inputs, image string, volumes ...string) map[string]any {
	t.Helper()
	mounts := ""
	for _, name := range volumes {
		mounts += fmt.Sprintf(`{"name": %q, "configMap": {"name": %q}},`, name, name)
	}
	return content(t, fmt.Sprintf(
		`{"metadata": {"annotations": {%q: %q}}, "spec": {"replicas": 2, "template": {"spec": {"volumes": [%s], "containers": [{"name": "a", "image": %q}]}}}}`,
		kit.AnnotationInputs, inputs, strings.TrimSuffix(mounts, ","), image))
}

// sent is the live object after a workload was sent.
func sent(t *testing.T, w map[string]any) map[string]any {
	t.Helper()
	holdBack(w, nil, nil)
	return w
}

func image(t *testing.T, w map[string]any) string {
	t.Helper()
	spec, ok := nested(w, "spec", "template", "spec")
	if !ok {
		t.Fatal("no template")
	}
	return spec["containers"].([]any)[0].(map[string]any)["image"].(string) //nolint:forcetypeassert // workload wrote it
}

func TestHoldBack(t *testing.T) {
	there := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	edit := func(live map[string]any, change func(pod map[string]any)) map[string]any {
		spec, _ := nested(live, "spec", "template", "spec")
		change(spec)
		return live
	}
	for _, c := range []struct {
		what       string
		want, live map[string]any
		exists     func(string) bool
		held       bool
		image      string
	}{
		{"nothing changed", workload(t, "1", "old"), sent(t, workload(t, "1", "old")), there(), false, "old"},
		{"only the operator changed", workload(t, "1", "new"), sent(t, workload(t, "1", "old")), there(), true, "old"},
		{"an input changed", workload(t, "2", "new"), sent(t, workload(t, "1", "old")), there(), false, "new"},
		{"a new object", workload(t, "1", "new"), nil, nil, false, "new"},
		{
			"edited by hand", workload(t, "1", "new"),
			edit(sent(t, workload(t, "1", "old")), func(pod map[string]any) { pod["containers"] = []any{} }), there(), false, "new",
		},
		{
			"a sidecar of others", workload(t, "1", "new"),
			edit(sent(t, workload(t, "1", "old")), func(pod map[string]any) {
				pod["containers"] = append(pod["containers"].([]any), map[string]any{"name": "injected"}) //nolint:forcetypeassert // a list
			}), there(), true, "old",
		},
		{"its ConfigMap is there", workload(t, "1", "new", "b"), sent(t, workload(t, "1", "old", "a")), there("a"), true, "old"},
		{"its ConfigMap is gone", workload(t, "1", "new", "b"), sent(t, workload(t, "1", "old", "a")), there("b"), false, "new"},
		{"a ConfigMap of the user, which the cache lacks", workload(t, "1", "new", "a"), sent(t, workload(t, "1", "old", "a")), there(), true, "old"},
		{"nothing was recorded", workload(t, "1", "new"), workload(t, "1", "old"), there(), false, "new"},
		{"the record is damaged", workload(t, "1", "new"), damaged(t, "!"), there(), false, "new"},
		{"the record is empty", workload(t, "1", "new"), damaged(t, ""), there(), false, "new"},
		{"the record is no template", workload(t, "1", "new"), damaged(t, "H4sIAAAAAAAA"), there(), false, "new"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if held := holdBack(c.want, c.live, c.exists); held != c.held {
				t.Errorf("held back: %v", held)
			}
			if got := image(t, c.want); got != c.image {
				t.Errorf("the pods run %s", got)
			}
			if recorded, ok := recordedTemplate(c.want, c.want); !ok || !Covered(recorded, c.want["spec"].(map[string]any)["template"]) {
				t.Error("what is sent is not what is recorded")
			}
		})
	}
}

func damaged(t *testing.T, record string) map[string]any {
	t.Helper()
	live := sent(t, workload(t, "1", "old"))
	annotations(live)[annotationTemplate] = record
	return live
}

// TestWithoutInputsNothingIsHeld: what has no pods, or does not say what it is built from, goes out at once.
func TestWithoutInputsNothingIsHeld(t *testing.T) {
	service := content(t, `{"metadata": {}, "spec": {"ports": []}}`)
	if holdBack(service, content(t, `{"spec": {"ports": []}}`), nil) || annotations(service) != nil {
		t.Error("a Service is held back")
	}
	bare := content(t, `{"metadata": {}, "spec": {"template": {"spec": {"a": 1}}}}`)
	live := content(t, `{"metadata": {}, "spec": {"template": {"spec": {"a": 2}}}}`)
	if holdBack(bare, live, nil) {
		t.Error("a template without inputs is held back")
	}
}

func TestTemplateSurvivesTheRecord(t *testing.T) {
	template := content(t, `{"spec": {"terminationGracePeriodSeconds": 30, "containers": [{"name": "a", "ports": [{"containerPort": 8080}]}]}}`)
	read, ok := decodeTemplate(encodeTemplate(template))
	if !ok || !Equal(read, template) {
		t.Errorf("wrote %v, read %v", template, read)
	}
}
