package mysql

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// portName is the name of the port in Services and containers.
const portName = "mysql"

// replicaName is the name of the StatefulSet and the Service of the read copies.
func replicaName(s *part.Service) string { return kit.Child(s.Name, replicaRole) }

// primaryService leads to the primary, ready or not: the server itself says best why it does not answer.
func primaryService(s *part.Service) *corev1.Service {
	return kit.Headless(kit.ServiceIdentity(s, primaryRole), s.Namespace, s.Name, kit.TCPPort(portName, port))
}

// replicaService leads to the read copies that follow the primary.
func replicaService(s *part.Service) *corev1.Service {
	service := kit.Headless(kit.ServiceIdentity(s, replicaRole), s.Namespace, replicaName(s), kit.TCPPort(portName, port))
	service.Spec.PublishNotReadyAddresses = false
	return service
}

func host(s *part.Service) string { return kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain) }

func endpoint(s *part.Service) part.Endpoint { return part.Endpoint{Host: host(s), Port: port} }

// serverNames are the names of both Services in every length, and localhost for a forwarded port. The copies are in it from
// the start, so that a first copy needs no new certificate.
func serverNames(s *part.Service) []string {
	var names []string
	for _, service := range []string{s.Name, replicaName(s)} {
		names = append(names, service, service+"."+s.Namespace, service+"."+s.Namespace+".svc",
			kit.ServiceHost(service, s.Namespace, s.ClusterDomain))
	}
	return append(names, "localhost")
}
