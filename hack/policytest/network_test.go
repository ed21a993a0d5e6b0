package policytest

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
)

// end is one end of a connection: a pod of a component, of the load balancer, or of a data service, a pod of somebody else,
// or an address outside the cluster.
type end struct {
	name, namespace, address string
	labels                   map[string]string
	stack                    *v1alpha1.BackendStack
	component                *v1alpha1.Component
	balancer, dns            bool
	service                  client.Object
}

// outside says that the end is not in the cluster.
func (e *end) outside() bool { return e.namespace == "" }

func (e *end) peer() *matcher.TrafficPeer {
	if e.outside() {
		return &matcher.TrafficPeer{IP: e.address}
	}
	return &matcher.TrafficPeer{IP: e.address, Internal: &matcher.InternalPeer{
		PodLabels: e.labels, Namespace: e.namespace, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": e.namespace},
	}}
}

// ends are the pods of a sample, strangers, and addresses that matter.
func (s *sample) ends() []*end {
	ends := []*end{
		{name: "the Internet", address: "8.8.8.8"}, {name: "the declared address", address: "203.0.113.7"},
		{name: "the cloud's metadata", address: "169.254.169.254"}, {name: "the private network", address: "10.1.2.3"},
		{name: "the node-local name server", address: "169.254.20.10", dns: true},
		{name: "name server", namespace: "kube-system", labels: map[string]string{"k8s-app": "kube-dns"}, dns: true},
		{name: "impostor of the name server", namespace: "shop", labels: map[string]string{"k8s-app": "kube-dns"}},
		{name: "stranger", namespace: "lab", labels: map[string]string{"app": "stranger"}},
		{name: "neighbour", namespace: "shop", labels: map[string]string{"app": "neighbour"}},
	}
	for owner, objects := range s.made {
		for _, object := range objects {
			if template := desired.Template(object); template != nil {
				ends = append(ends, newEnd(owner, object, template))
			}
		}
	}
	for i, e := range ends {
		if !e.outside() {
			e.address = fmt.Sprintf("10.244.0.%d", i)
		}
	}
	return ends
}

func newEnd(owner, object client.Object, template *corev1.PodTemplateSpec) *end {
	e := &end{name: object.GetNamespace() + "/" + object.GetName(), namespace: object.GetNamespace(), labels: template.Labels}
	if stack, ok := owner.(*v1alpha1.BackendStack); ok {
		e.stack, e.component = stack, componentOf(stack, object.GetName())
		e.balancer = e.component == nil
	} else {
		e.service = owner
	}
	return e
}

// balancerPort is where the load balancer listens.
const balancerPort = 8080

// servicePorts are the ports of the engines as their documentation names them, in clear text and encrypted.
func servicePorts(service client.Object) []int {
	switch o := service.(type) {
	case *v1alpha1.StackDatabase:
		return []int{5432}
	case *v1alpha1.StackCache:
		if o.Spec.Engine == v1alpha1.EngineMemcached {
			return []int{11211}
		}
		return []int{6379, 6380}
	}
	return []int{5671, 5672}
}

// declared says, from the specs alone, whether a connection is to be open.
func declared(from, to *end, port int, protocol corev1.Protocol) bool {
	tcp := protocol == corev1.ProtocolTCP
	switch {
	case from.stack == nil && from.service == nil: // nobody of ours: only what is meant for everybody
		if to.stack == nil && to.service == nil {
			return true
		}
		return to.balancer && tcp && port == balancerPort
	case to.dns && port == 53:
		return true
	case from.service != nil:
		return from.service == to.service
	case from.balancer:
		return to.component != nil && to.stack == from.stack && len(to.component.Routes) > 0 && tcp && port == int(*to.component.Port)
	case to.outside():
		return reaches(from.component, to.address, port, tcp)
	case to.service != nil:
		return tcp && slices.Contains(servicePorts(to.service), port) && usesService(from, to.service)
	case to.component != nil:
		return listens(to.component, port, protocol) && calls(from, to)
	}
	return false
}

func reaches(c *v1alpha1.Component, address string, port int, tcp bool) bool {
	public := address == "8.8.8.8" || address == "203.0.113.7"
	if c.Egress == nil {
		return public
	}
	for _, rule := range c.Egress {
		inPorts := len(rule.Ports) == 0 || slices.Contains(rule.Ports, int32(port)) //nolint:gosec // ports fit
		for _, cidr := range rule.CIDRs {
			if tcp && inPorts && netip.MustParsePrefix(string(cidr)).Contains(netip.MustParseAddr(address)) {
				return true
			}
		}
	}
	return false
}

func uses(c *v1alpha1.Component, name string) bool {
	return c.Uses == nil && string(c.Name) != name || slices.Contains(c.Uses, name)
}

// usesService looks for an entry of the caller's stack that is this service, and that the caller uses.
func usesService(from *end, service client.Object) bool {
	found := func(entry v1alpha1.EntryName, ref *v1alpha1.ServiceReference) bool {
		namespace, name := from.namespace, from.stack.Name+"-"+string(entry)
		if ref != nil {
			namespace, name = ref.Namespace, ref.Name
		}
		return uses(from.component, string(entry)) && service.GetNamespace() == namespace && service.GetName() == name
	}
	for _, d := range from.stack.Spec.Databases {
		var ref *v1alpha1.ServiceReference
		if d.Ref != nil {
			ref = &d.Ref.ServiceReference
		}
		if found(d.Name, ref) {
			return true
		}
	}
	for _, c := range from.stack.Spec.Caches {
		if found(c.Name, c.Ref) {
			return true
		}
	}
	for _, q := range from.stack.Spec.Queues {
		if found(q.Name, nil) {
			return true
		}
	}
	return false
}

func listens(c *v1alpha1.Component, port int, protocol corev1.Protocol) bool {
	if c.Port != nil && int(*c.Port) == port && protocol == corev1.ProtocolTCP {
		return true
	}
	return slices.ContainsFunc(c.Ports, func(p v1alpha1.ComponentPort) bool {
		udp := p.Protocol == v1alpha1.PortUDP
		return int(p.Port) == port && udp == (protocol == corev1.ProtocolUDP)
	})
}

func calls(from, to *end) bool {
	if from.stack == to.stack && uses(from.component, string(to.component.Name)) {
		return true
	}
	return slices.ContainsFunc(to.component.AllowFrom, func(c v1alpha1.Caller) bool {
		own := c.Stack == "" && from.stack == to.stack
		other := c.Stack == from.stack.Name && c.Namespace == from.namespace
		return c.Component == from.component.Name && (own || other)
	})
}

// ports are those that somebody listens on, and some that nobody does.
var ports = []int{22, 53, 80, 443, 4369, 5432, 5671, 5672, 6379, 6380, 7946, 8080, 8081, 9090, 9999, 11211, 25672}

// TestNetworkEdges: exactly the declared connections are open, as both ends together allow.
func TestNetworkEdges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := render(t, file)
			result := compare(s.policies(), s.ends())
			for _, difference := range result.differences {
				t.Error(difference)
			}
			if result.open < 20 || result.closed < 1000 {
				t.Errorf("only %d open and %d closed connections were tried", result.open, result.closed)
			}
		})
	}
}

// TestEveryPolicyMatters: without any one of the policies, or with any one rule less, the comparison finds a difference. A rule
// for name servers is looked at as a whole.
func TestEveryPolicyMatters(t *testing.T) {
	s := render(t, "testdata/microservices.yaml")
	policies, ends := s.policies(), s.ends()
	for i, policy := range policies {
		rest := slices.Concat(policies[:i], policies[i+1:])
		if len(compare(rest, ends).differences) == 0 {
			t.Errorf("nobody misses the policy %s", policy.Name)
		}
		for j := range policy.Spec.Ingress {
			less := policy.DeepCopy()
			less.Spec.Ingress = slices.Delete(less.Spec.Ingress, j, j+1)
			if len(compare(append(slices.Clone(rest), less), ends).differences) == 0 {
				t.Errorf("nobody misses rule %d for ingress of %s", j, policy.Name)
			}
		}
		for j := range policy.Spec.Egress {
			less := policy.DeepCopy()
			less.Spec.Egress = slices.Delete(less.Spec.Egress, j, j+1)
			if len(compare(append(slices.Clone(rest), less), ends).differences) == 0 {
				t.Errorf("nobody misses rule %d for egress of %s", j, policy.Name)
			}
		}
	}
}

type comparison struct {
	open, closed int
	differences  []string
}

func compare(policies []*networkingv1.NetworkPolicy, ends []*end) comparison {
	policy := matcher.BuildNetworkPolicies(false, policies)
	var result comparison
	for _, from := range ends {
		for _, to := range ends {
			if from.outside() && to.outside() {
				continue
			}
			for _, port := range ports {
				result.connection(policy, from, to, port, corev1.ProtocolTCP)
				result.connection(policy, from, to, port, corev1.ProtocolUDP)
			}
		}
	}
	return result
}

func (c *comparison) connection(policy *matcher.Policy, from, to *end, port int, protocol corev1.Protocol) {
	want := declared(from, to, port, protocol)
	got := policy.IsTrafficAllowed(&matcher.Traffic{
		Source: from.peer(), Destination: to.peer(), ResolvedPort: port, Protocol: protocol,
	}).IsAllowed()
	if got != want {
		c.differences = append(c.differences,
			fmt.Sprintf("%s to %s on %d/%s: open %v, declared %v", from.name, to.name, port, protocol, got, want))
	}
	if got {
		c.open++
	} else {
		c.closed++
	}
}
