package components

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
)

// serviceAccount gives the component an identity of its own. It has no permission, and pods get no token.
func (w *workload) serviceAccount() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		ObjectMeta:                   w.identity.Meta(w.stack.Namespace, w.name),
		AutomountServiceAccountToken: kit.Ptr(false),
	}
}
