package kit

import (
	corev1 "k8s.io/api/core/v1"
)

// PlacementInputs is a part.Placement among the inputs of a workload: the names are part of the hash and never change.
type PlacementInputs struct {
	NodeSelector      map[string]string    `json:"nodeSelector,omitempty"`
	Tolerations       []corev1.Toleration  `json:"tolerations,omitempty"`
	NodeAffinity      *corev1.NodeAffinity `json:"nodeAffinity,omitempty"`
	PriorityClassName string               `json:"priorityClassName,omitempty"`
	RuntimeClassName  string               `json:"runtimeClassName,omitempty"`
}
