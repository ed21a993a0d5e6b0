package replicated

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// ReplicaName is the name of the StatefulSet and the Service of the read copies.
func ReplicaName(s *part.Service) string { return kit.Child(s.Name, replicaRole) }

// Host is the name of the primary.
func Host(s *part.Service) string { return kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain) }

// ServerNames are the names of both Services in every length, and localhost for a forwarded port. The copies are in it from
// the start, so that a first copy needs no new certificate, and under one pattern each of its own.
func ServerNames(s *part.Service) []string {
	var names []string
	for _, service := range []string{s.Name, ReplicaName(s)} {
		names = append(names, service, service+"."+s.Namespace, service+"."+s.Namespace+".svc",
			kit.ServiceHost(service, s.Namespace, s.ClusterDomain))
	}
	return append(names, "*."+kit.ServiceHost(ReplicaName(s), s.Namespace, s.ClusterDomain), "localhost")
}

// primaryService leads to the primary, ready or not: the server itself says best why it does not answer.
func (e *Engine) primaryService(s *part.Service) *corev1.Service {
	service := kit.Headless(kit.ServiceIdentity(s, primaryRole), s.Namespace, s.Name, kit.TCPPort(e.Name, e.Port))
	if s.Pooler != nil {
		service.Spec.Ports = append(service.Spec.Ports, kit.TCPPort(PoolerPortName, e.PoolerPort))
	}
	return service
}

// PoolerPortName is the name of the pooler's port in its container and in the Service.
const PoolerPortName = "pooler"

// ports are those that consumers connect to.
func (e *Engine) ports(s *part.Service) []int32 {
	if s.Pooler != nil {
		return []int32{e.Port, e.PoolerPort}
	}
	return []int32{e.Port}
}

// replicaService leads to the read copies that follow the primary.
func (e *Engine) replicaService(s *part.Service) *corev1.Service {
	service := kit.Headless(kit.ServiceIdentity(s, replicaRole), s.Namespace, ReplicaName(s), kit.TCPPort(e.Name, e.Port))
	service.Spec.PublishNotReadyAddresses = false
	return service
}

// networkPolicy closes every pod of the database but for its consumers. The copies and the Job are pods of the database too:
// they reach the primary as such.
func (e *Engine) networkPolicy(s *part.Service) *networkingv1.NetworkPolicy {
	return kit.ServicePolicy(s, kit.ServiceIdentity(s, primaryRole), e.ports(s))
}

// disruptionBudget keeps all read copies but one in place while nodes are drained. There is none for the primary: one that
// lets its only pod go says nothing, one that holds it blocks every drain.
func disruptionBudget(s *part.Service) *policyv1.PodDisruptionBudget {
	if !s.Production || s.Replicas < 2 {
		return nil
	}
	return kit.DisruptionBudget(kit.ServiceIdentity(s, replicaRole), s.Namespace, ReplicaName(s))
}
