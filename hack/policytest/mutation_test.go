package policytest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// mutant is a policy that says something else than the one that was made; nil is none at all.
type mutant struct {
	what   string
	policy *networkingv1.NetworkPolicy
}

// TestEveryRuleMatters: the comparison is awake. Without any one policy, rule, peer, port, range, exception, direction or
// namespace, and with any peer or port let loose, it finds a difference.
func TestEveryRuleMatters(t *testing.T) {
	forEachScene(t, func(t *testing.T, s *scene) {
		missed, tried := 0, 0
		for i, policy := range s.policies {
			rest := slices.Concat(s.policies[:i], s.policies[i+1:])
			closed := s.selected(t, policy)
			if s.together {
				closed = s.ends // a mutant may close more
			}
			for _, m := range s.mutants(policy) {
				policies := rest
				if m.policy != nil {
					policies = append(slices.Clone(rest), m.policy)
				}
				tried++
				if len(s.compare(policies, closed, s.ends, 1).differences) == 0 {
					t.Errorf("nobody notices of %s: %s", policy.Name, m.what)
					missed++
				}
			}
		}
		t.Logf("%d of %d mutants were noticed", tried-missed, tried)
	})
}

// selected are the ends that a policy closes: only connections of theirs change with it.
func (s *scene) selected(t *testing.T, policy *networkingv1.NetworkPolicy) []*end {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	if err != nil {
		t.Fatal(err)
	}
	closed := slices.DeleteFunc(slices.Clone(s.ends), func(e *end) bool {
		return e.namespace != policy.Namespace || !selector.Matches(labels.Set(e.labels))
	})
	if !slices.ContainsFunc(closed, func(e *end) bool { return e.ours }) {
		t.Errorf("the policy %s closes no pod", policy.Name)
	}
	return closed
}

func (s *scene) mutants(policy *networkingv1.NetworkPolicy) []mutant {
	result := []mutant{{what: "it is missing"}}
	if s.together { // a rule may be missed by the other end alone
		result = nil
	}
	edit := func(what string, change func(*networkingv1.NetworkPolicySpec)) {
		other := policy.DeepCopy()
		change(&other.Spec)
		if !equality.Semantic.DeepEqual(other.Spec, policy.Spec) { // whoever lets in everybody has nothing to let loose
			result = append(result, mutant{what, other})
		}
	}
	if s.together {
		if len(policy.Spec.PodSelector.MatchExpressions) > 0 {
			edit("it closes pods of any role", func(s *networkingv1.NetworkPolicySpec) { s.PodSelector.MatchExpressions = nil })
		}
		return result
	}
	for i, direction := range policy.Spec.PolicyTypes {
		if len(policy.Spec.PolicyTypes) == 1 {
			break // that it is missing says the same
		}
		edit(fmt.Sprintf("%s is not its affair", direction), func(s *networkingv1.NetworkPolicySpec) {
			s.PolicyTypes = slices.Delete(s.PolicyTypes, i, i+1)
			if direction == networkingv1.PolicyTypeIngress { // rules would be read all the same
				s.Ingress = nil
			} else {
				s.Egress = nil
			}
		})
	}
	for i, rule := range policy.Spec.Ingress {
		edit(fmt.Sprintf("ingress rule %d is missing", i), func(s *networkingv1.NetworkPolicySpec) { s.Ingress = slices.Delete(s.Ingress, i, i+1) })
		ruleMutants(fmt.Sprintf("ingress rule %d", i), s.peerMutants, rule.From, rule.Ports,
			func(what string, from []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
				edit(what, func(s *networkingv1.NetworkPolicySpec) { s.Ingress[i].From, s.Ingress[i].Ports = from, ports })
			})
	}
	for i, rule := range policy.Spec.Egress {
		if covered(policy.Spec.Egress, i) {
			continue // nobody can miss it
		}
		edit(fmt.Sprintf("egress rule %d is missing", i), func(s *networkingv1.NetworkPolicySpec) { s.Egress = slices.Delete(s.Egress, i, i+1) })
		ruleMutants(fmt.Sprintf("egress rule %d", i), s.peerMutants, rule.To, rule.Ports,
			func(what string, to []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
				edit(what, func(s *networkingv1.NetworkPolicySpec) { s.Egress[i].To, s.Egress[i].Ports = to, ports })
			})
	}
	return result
}

type ruleChange func(what string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort)

type peerChanges func(networkingv1.NetworkPolicyPeer) map[string]networkingv1.NetworkPolicyPeer

func ruleMutants(
	name string, changes peerChanges, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, change ruleChange,
) {
	if len(peers) > 0 {
		change(name+" is for everybody", nil, ports)
	}
	if len(ports) > 0 {
		change(name+" is for every port", peers, nil)
	}
	for i, port := range ports {
		if len(ports) > 1 {
			change(fmt.Sprintf("%s lacks port %d", name, i), peers, slices.Delete(slices.Clone(ports), i, i+1))
		}
		if port.Port != nil {
			loose := slices.Clone(ports)
			loose[i].Port = nil
			change(fmt.Sprintf("%s is for every port of a protocol", name), peers, loose)
		}
	}
	for i := range peers {
		if len(peers) > 1 {
			change(fmt.Sprintf("%s lacks peer %d", name, i), slices.Delete(slices.Clone(peers), i, i+1), ports)
		}
		for what, peer := range changes(peers[i]) {
			loose := slices.Clone(peers)
			loose[i] = peer
			change(fmt.Sprintf("%s: peer %d %s", name, i, what), loose, ports)
		}
	}
}

// synonyms are labels that say the same of a pod: a selector with both needs only one.
var synonyms = []string{"app.kubernetes.io/instance", "stackwright.dev/stack"}

// telling says whether pods are told apart by a label in every selector. The role of a pod is not: it comes with the name.
func telling(key string) bool { return key != "app.kubernetes.io/component" }

func (s *scene) peerMutants(peer networkingv1.NetworkPolicyPeer) map[string]networkingv1.NetworkPolicyPeer {
	result := map[string]networkingv1.NetworkPolicyPeer{}
	add := func(what string, change func(*networkingv1.NetworkPolicyPeer)) {
		other := peer.DeepCopy()
		change(other)
		result[what] = *other
	}
	if peer.NamespaceSelector != nil {
		add("is of any namespace", func(p *networkingv1.NetworkPolicyPeer) { p.NamespaceSelector = &metav1.LabelSelector{} })
	}
	if peer.PodSelector != nil {
		add("is any pod", func(p *networkingv1.NetworkPolicyPeer) { p.PodSelector = &metav1.LabelSelector{} })
		add("is of another namespace", func(p *networkingv1.NetworkPolicyPeer) {
			p.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "elsewhere"}}
		})
		for key := range peer.PodSelector.MatchLabels {
			if telling(key) {
				add("may lack "+key, func(p *networkingv1.NetworkPolicyPeer) {
					maps.DeleteFunc(p.PodSelector.MatchLabels, func(k, _ string) bool {
						return k == key || slices.Contains(synonyms, k) && slices.Contains(synonyms, key)
					})
				})
			}
		}
	}
	if s.roles && peer.PodSelector != nil && len(peer.PodSelector.MatchExpressions) > 0 {
		add("has any role", func(p *networkingv1.NetworkPolicyPeer) { p.PodSelector.MatchExpressions = nil })
	}
	if peer.IPBlock != nil {
		for i, except := range peer.IPBlock.Except {
			add("may be in "+except, func(p *networkingv1.NetworkPolicyPeer) { p.IPBlock.Except = slices.Delete(p.IPBlock.Except, i, i+1) })
		}
	}
	return result
}

// covered says whether another rule opens every address and port of a rule.
func covered(rules []networkingv1.NetworkPolicyEgressRule, i int) bool {
	for j, other := range rules {
		if i == j || len(rules[i].To) == 0 || !opens(other.Ports, rules[i].Ports) {
			continue
		}
		reached := func(peer networkingv1.NetworkPolicyPeer) bool {
			return slices.ContainsFunc(other.To, func(wide networkingv1.NetworkPolicyPeer) bool { return reaches(wide.IPBlock, peer.IPBlock) })
		}
		if !slices.ContainsFunc(rules[i].To, func(peer networkingv1.NetworkPolicyPeer) bool { return !reached(peer) }) {
			return true
		}
	}
	return false
}

// opens says whether ports that are open cover others; none are all.
func opens(wide, ports []networkingv1.NetworkPolicyPort) bool {
	if len(wide) == 0 {
		return true
	}
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(port networkingv1.NetworkPolicyPort) bool {
		return !slices.ContainsFunc(wide, func(w networkingv1.NetworkPolicyPort) bool {
			return w.Port == nil && *w.Protocol == *port.Protocol
		})
	})
}

// reaches says whether every address of a block is in a wider one.
func reaches(wide, block *networkingv1.IPBlock) bool {
	if wide == nil || block == nil {
		return false
	}
	all, some := netip.MustParsePrefix(wide.CIDR), netip.MustParsePrefix(block.CIDR)
	return all.Overlaps(some) && all.Bits() <= some.Bits() && !slices.ContainsFunc(wide.Except, func(except string) bool {
		return !slices.Contains(block.Except, except) && netip.MustParsePrefix(except).Overlaps(some)
	})
}
