package kit

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	pods := servicePods(s)
	self := []networkingv1.NetworkPolicyPeer{{PodSelector: &pods}}
	ingress := []networkingv1.NetworkPolicyIngressRule{{From: self}}
	for _, consumer := range s.Consumers {
		ingress = append(ingress, From(part.Peer{
			Namespace: consumer.Namespace, Labels: ConsumerLabels(consumer.Stack, consumer.Entry), Ports: TCP(ports...),
		}))
	}
	egress := []networkingv1.NetworkPolicyEgressRule{ToDNS(), {To: self}}
	return NetworkPolicy(identity, s.Namespace, s.Name, pods, ingress, egress)
}

// servicePods selects every pod of a data service, and no pod of a component: one that is called like the engine, in a stack
// that is called like the service, has the same two labels.
func servicePods(s *part.Service) metav1.LabelSelector {
	return metav1.LabelSelector{
		MatchLabels: ServiceSelector(s.Engine, s.Name),
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: LabelComponent, Operator: metav1.LabelSelectorOpNotIn, Values: []string{componentRole},
		}},
	}
}
