package v1alpha1

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Scale lets the number of pods follow the load.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || self.min <= self.max",message="min must not be greater than max"
type Scale struct {
	// min is the least number of pods. Default 1, under the profile Production 2 (never above max).
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Min *int32 `json:"min,omitempty"`

	// max is the greatest number of pods.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +required
	Max int32 `json:"max,omitempty"`

	// metrics that are followed. Omitted: CPU at 75 percent of the request.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:XValidation:rule="self.all(m, self.exists_one(n, n.type == m.type))",message="each type may stand once"
	// +listType=atomic
	// +optional
	Metrics []ScaleMetric `json:"metrics,omitempty"`

	// behavior limits how fast the number changes, as in autoscaling/v2.
	// +optional
	Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior,omitempty"`
}

// ScaleMetricType is what a metric measures.
// +kubebuilder:validation:Enum=CPU;Memory
type ScaleMetricType string

// Scale metric types.
const (
	// ScaleCPU is the use of CPU relative to the request.
	ScaleCPU ScaleMetricType = "CPU"
	// ScaleMemory is the use of memory relative to the request.
	ScaleMemory ScaleMetricType = "Memory"
)

// ScaleMetric is one measure of the load.
type ScaleMetric struct {
	// type is CPU or Memory.
	// +required
	Type ScaleMetricType `json:"type,omitempty"`

	// targetUtilization is the use that is aimed at, in percent of the request.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +required
	TargetUtilization int32 `json:"targetUtilization,omitempty"`
}
