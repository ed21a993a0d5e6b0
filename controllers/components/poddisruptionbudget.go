package components

import (
	policyv1 "k8s.io/api/policy/v1"

	"github.com/stackwright/stackwright/controllers/kit"
)

// podDisruptionBudget lets one pod at a time be evicted. It never blocks the drain of a node: while an autoscaler keeps a
// single pod, that one may go.
func (w *workload) podDisruptionBudget() *policyv1.PodDisruptionBudget {
	return kit.DisruptionBudget(w.identity, w.stack.Namespace, w.name)
}
