package kit_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestPlacementInputsStay: the inputs of every workload hold them. Another encoding lets out all updates that are held back.
func TestPlacementInputsStay(t *testing.T) {
	placement := part.Placement{
		NodeSelector: map[string]string{"disk": "ssd"}, PriorityClassName: "high", RuntimeClassName: "kata",
		Tolerations: []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}},
		NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{}},
		}},
	}
	for want, inputs := range map[string]kit.PlacementInputs{"68e9e86b69": {}, "1a567bd76c": kit.PlacementInputs(placement)} {
		if got := kit.Hash(inputs); got != want {
			t.Errorf("%+v has the hash %s, it was %s", inputs, got, want)
		}
	}
}
