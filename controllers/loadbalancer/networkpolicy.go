package loadbalancer

import (
	"maps"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// networkPolicy lets everybody in, and out only to name servers and to the components that routes name.
func networkPolicy(s *part.Stack, identity kit.Identity) *networkingv1.NetworkPolicy {
	everybody := kit.From(part.Peer{Ports: kit.TCP(httpPort)})
	everybody.From = nil
	egress := []networkingv1.NetworkPolicyEgressRule{kit.ToDNS()}
	ports := map[string]map[int32]bool{}
	for _, route := range s.LoadBalancer.Routes {
		if ports[route.Component] == nil {
			ports[route.Component] = map[int32]bool{}
		}
		ports[route.Component][route.Port] = true
	}
	for _, component := range slices.Sorted(maps.Keys(ports)) {
		egress = append(egress, kit.To(part.Peer{
			Labels: kit.ComponentIdentity(s.Name, component).Selector(),
			Ports:  kit.TCP(slices.Sorted(maps.Keys(ports[component]))...),
		}))
	}
	pods := metav1.LabelSelector{MatchLabels: identity.Selector()}
	return kit.NetworkPolicy(identity, s.Namespace, name(s), pods, []networkingv1.NetworkPolicyIngressRule{everybody}, egress)
}
