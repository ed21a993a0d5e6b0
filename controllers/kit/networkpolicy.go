package kit

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// NetworkPolicy closes pods in both directions but for the rules.
func NetworkPolicy(identity Identity, namespace, name string, pods metav1.LabelSelector,
	ingress []networkingv1.NetworkPolicyIngressRule, egress []networkingv1.NetworkPolicyEgressRule,
) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: identity.Meta(namespace, name),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: pods,
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     ingress,
			Egress:      egress,
		},
	}
}

// IngressPolicy lets peers in, beside what other policies of the pods allow.
func IngressPolicy(identity Identity, namespace, name string, pods map[string]string, rules ...networkingv1.NetworkPolicyIngressRule,
) *networkingv1.NetworkPolicy {
	policy := NetworkPolicy(identity, namespace, name, metav1.LabelSelector{MatchLabels: pods}, rules, nil)
	policy.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	return policy
}

// FromGranted opens ingress on TCP ports from every pod of the namespaces that are meant.
func FromGranted(grant v1alpha1.NamespaceGrant, ports ...int32) networkingv1.NetworkPolicyIngressRule {
	peer := networkingv1.NetworkPolicyPeer{}
	switch grant.From {
	case v1alpha1.NamespacesSame:
		peer.PodSelector = &metav1.LabelSelector{}
	case v1alpha1.NamespacesAll:
		peer.NamespaceSelector = &metav1.LabelSelector{}
	default:
		peer.NamespaceSelector = grant.Selector.LabelSelector()
	}
	return networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{peer}, Ports: policyPorts(TCP(ports...))}
}

// From opens ingress from a peer.
func From(peer part.Peer) networkingv1.NetworkPolicyIngressRule {
	return networkingv1.NetworkPolicyIngressRule{
		From: []networkingv1.NetworkPolicyPeer{policyPeer(peer)}, Ports: policyPorts(peer.Ports),
	}
}

// To opens egress to a peer.
func To(peer part.Peer) networkingv1.NetworkPolicyEgressRule {
	return networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{policyPeer(peer)}, Ports: policyPorts(peer.Ports),
	}
}

// ToDNS opens egress to the cluster's name servers, a node-local one among them.
func ToDNS() networkingv1.NetworkPolicyEgressRule {
	return networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{
			{
				NamespaceSelector: namespaceNamed(metav1.NamespaceSystem),
				PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
			},
			{IPBlock: &networkingv1.IPBlock{CIDR: "169.254.20.10/32"}},
		},
		Ports: policyPorts([]part.Port{{Number: 53, Protocol: corev1.ProtocolUDP}, {Number: 53, Protocol: corev1.ProtocolTCP}}),
	}
}

// ToAddresses opens egress to ranges of addresses; without one to every public address.
func ToAddresses(ranges []string, ports []part.Port) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{Ports: policyPorts(ports)}
	for _, cidr := range ranges {
		rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
	}
	if len(ranges) == 0 {
		rule.To = PublicAddresses()
	}
	return rule
}

// PublicAddresses are all addresses but those that clusters and clouds use inside: private, shared, loopback and link-local
// ones (where machine credentials are served), the ranges for tests and for the future (nodes and pods have them on EKS and
// GKE), and the one public address from which Azure serves its machines.
func PublicAddresses() []networkingv1.NetworkPolicyPeer {
	return []networkingv1.NetworkPolicyPeer{
		{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{
			"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
			"198.18.0.0/15", "240.0.0.0/4", "168.63.129.16/32",
		}}},
		{IPBlock: &networkingv1.IPBlock{CIDR: "::/0", Except: []string{"fc00::/7", "fe80::/10"}}},
	}
}

// TCP is a list of TCP ports.
func TCP(numbers ...int32) []part.Port {
	ports := make([]part.Port, 0, len(numbers))
	for _, number := range numbers {
		ports = append(ports, part.Port{Number: number, Protocol: corev1.ProtocolTCP})
	}
	return ports
}

func policyPeer(peer part.Peer) networkingv1.NetworkPolicyPeer {
	result := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: peer.Labels}}
	if peer.Namespace != "" {
		result.NamespaceSelector = namespaceNamed(peer.Namespace)
	}
	return result
}

func policyPorts(ports []part.Port) []networkingv1.NetworkPolicyPort {
	var result []networkingv1.NetworkPolicyPort
	for _, port := range ports {
		policy := networkingv1.NetworkPolicyPort{Protocol: Ptr(port.Protocol)}
		if port.Number != 0 {
			policy.Port = Ptr(intstr.FromInt32(port.Number))
		}
		result = append(result, policy)
	}
	return result
}

func namespaceNamed(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}
}
