package nodejs

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestHeapFollowsTheMemoryLimit(t *testing.T) {
	for limit, want := range map[string]string{
		"512Mi": "--max-old-space-size=384",
		"1G":    "--max-old-space-size=715",
		"1Mi":   "",
		"":      "",
	} {
		if got := options(limit); got != want {
			t.Errorf("limit %q: NODE_OPTIONS is %q, want %q", limit, got, want)
		}
	}
}

func options(limit string) string {
	resources := corev1.ResourceRequirements{}
	if limit != "" {
		resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(limit)}
	}
	for _, variable := range Runtime().Env(resources) {
		if variable.Name == "NODE_OPTIONS" {
			return variable.Value
		}
	}
	return ""
}
