package kit

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AnnotationInputs stands on each workload: the hash of the inputs that its pod template was built from. A template that
// differs while the inputs are the same differs only because the operator changed, and is held back.
const AnnotationInputs = "stackwright.dev/inputs-hash"

// SetInputs records the hash of what a workload's pod template is built from: spec, class, resolved choices.
func SetInputs(object metav1.Object, inputs ...any) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationInputs] = Hash(inputs...)
	object.SetAnnotations(annotations)
}
