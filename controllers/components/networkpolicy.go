package components

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// networkPolicy closes the component's pods in both directions but for what was declared, and DNS.
func (w *workload) networkPolicy() *networkingv1.NetworkPolicy {
	var ingress []networkingv1.NetworkPolicyIngressRule
	for _, peer := range w.IngressFrom {
		ingress = append(ingress, kit.From(peer))
	}
	egress := []networkingv1.NetworkPolicyEgressRule{kit.ToDNS()}
	for _, peer := range w.EgressTo {
		egress = append(egress, kit.To(peer))
	}
	if w.Internet {
		egress = append(egress, networkingv1.NetworkPolicyEgressRule{To: kit.PublicAddresses()})
	}
	for _, rule := range w.Egress {
		egress = append(egress, toDeclared(rule))
	}
	pods := metav1.LabelSelector{MatchLabels: w.identity.Selector()}
	return kit.NetworkPolicy(w.identity, w.stack.Namespace, w.name, pods, ingress, egress)
}

// toDeclared opens the addresses of a rule. Names cannot be matched: their ports are opened to every public address.
func toDeclared(rule v1alpha1.EgressRule) networkingv1.NetworkPolicyEgressRule {
	ports := kit.TCP(rule.Ports...)
	if len(ports) == 0 {
		ports = kit.TCP(0)
	}
	egress := kit.To(part.Peer{Ports: ports})
	egress.To = addresses(rule)
	return egress
}

func addresses(rule v1alpha1.EgressRule) []networkingv1.NetworkPolicyPeer {
	if len(rule.Hosts) > 0 {
		return kit.PublicAddresses()
	}
	ranges := make([]networkingv1.NetworkPolicyPeer, 0, len(rule.CIDRs))
	for _, cidr := range rule.CIDRs {
		ranges = append(ranges, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: string(cidr)}})
	}
	return ranges
}

// egressHosts are the declared host names, sorted, each once.
func (w *workload) egressHosts() []string {
	var hosts []string
	for _, rule := range w.Egress {
		for _, host := range rule.Hosts {
			hosts = append(hosts, string(host))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func hostsMessage(hosts []string) string {
	return fmt.Sprintf("a NetworkPolicy cannot match host names: the ports of %s are open to every public address",
		enumeration(hosts, 300))
}

// enumeration names items in words, at least one of them and no more than fit into limit characters, then how many are
// left.
func enumeration(items []string, limit int) string {
	length := 0
	for i, item := range items {
		if length += len(item) + len(", "); length > limit && i > 0 {
			return fmt.Sprintf("%s and %d more", strings.Join(items[:i], ", "), len(items)-i)
		}
	}
	last := len(items) - 1
	if last == 0 {
		return items[0]
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
