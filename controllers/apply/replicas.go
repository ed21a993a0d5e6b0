package apply

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/kit"
)

// minimums are the least numbers of pods by Deployment that an autoscaler among the objects keeps.
func minimums(objects []client.Object) map[string]int32 {
	result := map[string]int32{}
	for _, object := range objects {
		if scaler, ok := object.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			least := int32(1)
			if scaler.Spec.MinReplicas != nil {
				least = max(least, *scaler.Spec.MinReplicas)
			}
			result[scaler.Spec.ScaleTargetRef.Name] = least
		}
	}
	return result
}

// startReplicas gives a new Deployment that an autoscaler will own its first number of pods.
func startReplicas(object client.Object, minimum map[string]int32) {
	if deployment, ok := object.(*appsv1.Deployment); ok && deployment.Spec.Replicas == nil && minimum[deployment.Name] > 0 {
		deployment.Spec.Replicas = kit.Ptr(minimum[deployment.Name])
	}
}

// keepReplicas hands a Deployment over to its autoscaler with the number of pods that it has: an apply that leaves the field
// out would remove it, and the API server would set 1. A Deployment that stood at 0, which no autoscaler leaves, starts at the
// autoscaler's minimum.
func keepReplicas(it *item, live client.Object, minimum map[string]int32) {
	deployment, ok := live.(*appsv1.Deployment)
	if !ok || minimum[live.GetName()] == 0 {
		return
	}
	spec, _ := nested(it.content, "spec")
	if spec["replicas"] != nil || deployment.Spec.Replicas == nil {
		return
	}
	replicas := *deployment.Spec.Replicas
	if replicas == 0 {
		replicas = minimum[live.GetName()]
	}
	spec["replicas"] = int64(replicas)
}

// immutable takes over from the live object the fields that cannot change: a StatefulSet's claims, selector and Service, and of
// a claim everything but a larger request.
func immutable(it *item, live map[string]any) {
	spec, _ := nested(it.content, "spec")
	current, _ := nested(live, "spec")
	switch it.gvk.Kind {
	case "StatefulSet":
		for _, field := range []string{"volumeClaimTemplates", "selector", "serviceName", "podManagementPolicy"} {
			if current[field] != nil {
				spec[field] = current[field]
			}
		}
	case "PersistentVolumeClaim":
		it.content["spec"] = claimSpec(spec, current)
	}
}

// claimSpec is the present spec of a claim with the wanted request where that is larger.
func claimSpec(wanted, current map[string]any) map[string]any {
	request := func(spec map[string]any) (resource.Quantity, string) {
		requests, _ := nested(spec, "resources", "requests")
		text, _ := requests["storage"].(string)
		quantity, _ := resource.ParseQuantity(text)
		return quantity, text
	}
	most, text := request(wanted)
	if present, presentText := request(current); present.Cmp(most) > 0 {
		text = presentText
	}
	spec := maps.Clone(current)
	spec["resources"] = map[string]any{"requests": map[string]any{"storage": text}}
	return spec
}
