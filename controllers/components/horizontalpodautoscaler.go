package components

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// defaultCPU is the use of CPU that is aimed at where no metric is named, in percent of the request.
const defaultCPU = 75

// horizontalPodAutoscaler lets the number of pods follow the load.
func (w *workload) horizontalPodAutoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: w.identity.Meta(w.stack.Namespace, w.name),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: "apps/v1", Kind: "Deployment", Name: w.name,
			},
			MinReplicas: kit.Ptr(w.MinReplicas),
			MaxReplicas: w.MaxReplicas,
		},
	}
	declared := []v1alpha1.ScaleMetric{{Type: v1alpha1.ScaleCPU, TargetUtilization: defaultCPU}}
	if scale := w.Spec.Scale; scale != nil {
		autoscaler.Spec.Behavior = scale.Behavior
		if len(scale.Metrics) > 0 {
			declared = scale.Metrics
		}
	}
	for _, metric := range declared {
		autoscaler.Spec.Metrics = append(autoscaler.Spec.Metrics, w.utilization(metric))
	}
	return autoscaler
}

// utilization looks at the component's container alone: the mean over a pod would hide a busy component behind an idle
// sidecar, and fails altogether when a mesh injects one without requests.
func (w *workload) utilization(metric v1alpha1.ScaleMetric) autoscalingv2.MetricSpec {
	resource := corev1.ResourceCPU
	if metric.Type == v1alpha1.ScaleMemory {
		resource = corev1.ResourceMemory
	}
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ContainerResourceMetricSourceType,
		ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
			Name:      resource,
			Container: string(w.Spec.Name),
			Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: kit.Ptr(metric.TargetUtilization),
			},
		},
	}
}
