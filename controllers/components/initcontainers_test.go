package components

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

func TestOverriddenResourcesNeverContradict(t *testing.T) {
	memory := func(quantity string) *v1alpha1.ResourceAmounts {
		return &v1alpha1.ResourceAmounts{Memory: kit.Ptr(resource.MustParse(quantity))}
	}
	for name, test := range map[string]struct {
		declared       *v1alpha1.Resources
		request, limit string
	}{
		"nothing":       {nil, "64Mi", "128Mi"},
		"small request": {&v1alpha1.Resources{Requests: memory("32Mi")}, "32Mi", "128Mi"},
		"great request": {&v1alpha1.Resources{Requests: memory("1Gi")}, "1Gi", "1Gi"},
		"small limit":   {&v1alpha1.Resources{Limits: memory("32Mi")}, "32Mi", "32Mi"},
		"great limit":   {&v1alpha1.Resources{Limits: memory("1Gi")}, "64Mi", "1Gi"},
		"both":          {&v1alpha1.Resources{Requests: memory("1Gi"), Limits: memory("2Gi")}, "1Gi", "2Gi"},
	} {
		defaults := corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
		}
		got := overridden(defaults, test.declared)
		request, limit := got.Requests.Memory().String(), got.Limits.Memory().String()
		if request != test.request || limit != test.limit {
			t.Errorf("%s: request %s and limit %s, want %s and %s", name, request, limit, test.request, test.limit)
		}
	}
}
