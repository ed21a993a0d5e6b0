package mysql

import (
	policyv1 "k8s.io/api/policy/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// disruptionBudget keeps all read copies but one in place while nodes are drained. There is none for the primary: one that
// lets its only pod go says nothing, one that holds it blocks every drain.
func disruptionBudget(s *part.Service) *policyv1.PodDisruptionBudget {
	if !s.Production || s.Replicas < 2 {
		return nil
	}
	return kit.DisruptionBudget(kit.ServiceIdentity(s, replicaRole), s.Namespace, replicaName(s))
}
