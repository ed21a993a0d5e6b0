package kit

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/stackwright/stackwright/controllers/part"
)

// ServiceIdentity is the identity of the workload of a data service that plays the given role, such as primary.
func ServiceIdentity(s *part.Service, role string) Identity {
	return Identity{Name: strings.ToLower(s.Engine), Instance: s.Name, Component: role, Stack: s.Stack}
}

// ServiceSelector selects every pod of a data service, whatever its role.
func ServiceSelector(engine, name string) map[string]string {
	return map[string]string{LabelName: strings.ToLower(engine), LabelInstance: name}
}

// ServicePolicy closes the pods of a data service but for its consumers on the given ports, itself, and DNS.
func ServicePolicy(s *part.Service, identity Identity, ports []int32) *networkingv1.NetworkPolicy {
	selector := ServiceSelector(s.Engine, s.Name)
	self := part.Peer{Labels: selector}
	ingress := []networkingv1.NetworkPolicyIngressRule{From(self)}
	for _, consumer := range s.Consumers {
		ingress = append(ingress, From(part.Peer{
			Namespace: consumer.Namespace, Labels: ConsumerLabels(consumer.Stack, consumer.Entry), Ports: TCP(ports...),
		}))
	}
	egress := []networkingv1.NetworkPolicyEgressRule{ToDNS(), To(self)}
	return NetworkPolicy(identity, s.Namespace, s.Name, selector, ingress, egress)
}
