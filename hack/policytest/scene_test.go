package policytest

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// scene is what a comparison looks at: policies, everybody who might connect, and what was declared.
type scene struct {
	policies []*networkingv1.NetworkPolicy
	ends     []*end
	// ranges and ports are those that are declared; others around them are tried too.
	ranges []v1alpha1.CIDR
	ports  []int
	// sends says, from what the user or the room was told alone, whether a pod of ours is to be let out to somebody, and accepts
	// whether it is to let somebody in.
	sends, accepts edge
	// together judges both ends at once: where names look alike, one of them is enough to keep pods apart.
	together bool
	// roles says that there is a pod that only its role tells from ours.
	roles bool
}

// edge says whether a connection is to be open at one of its ends.
type edge func(from, to *end, port int, protocol corev1.Protocol) bool

// end is one end of a connection: a pod of ours, a pod of somebody else, or an address outside the cluster.
type end struct {
	name, namespace, address string
	labels                   map[string]string
	// ours says that the policies of the scene are to close the pod.
	ours, dns bool
	// What the pod belongs to, by the sort of scene.
	stack     *v1alpha1.BackendStack
	component *v1alpha1.Component
	balancer  bool
	service   client.Object
	built     *part.Component
}

// outside says that the end is not in the cluster.
func (e *end) outside() bool { return e.namespace == "" }

func (e *end) peer() *matcher.TrafficPeer {
	if e.outside() {
		return &matcher.TrafficPeer{IP: e.address}
	}
	return &matcher.TrafficPeer{IP: e.address, Internal: &matcher.InternalPeer{
		PodLabels: e.labels, Namespace: e.namespace, NamespaceLabels: map[string]string{corev1.LabelMetadataName: e.namespace},
	}}
}

// addresses are public ones, and at least one of each range that is not public, with neighbours just outside.
var addresses = []string{
	"8.8.8.8", "203.0.113.7", "10.1.2.3", "11.0.0.1", "172.16.0.1", "172.31.255.254", "172.32.0.1", "192.168.1.1", "192.169.0.1",
	"169.254.169.254", "100.64.0.1", "100.127.255.254", "100.128.0.1", "127.0.0.1", "198.18.0.1", "198.19.255.254", "198.20.0.1",
	"240.0.0.1", "168.63.129.16", "168.63.129.17",
	"2001:4860:4860::8888", "fd00:ec2::254", "fe80::1",
}

// inside are ranges that clusters and clouds use inside, besides private, link-local and loopback ones: shared, for tests, for the
// future, and the address from which Azure serves its machines.
var inside = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("168.63.129.16/32"),
}

// public says whether everybody may have an address.
func public(address string) bool {
	ip := netip.MustParseAddr(address)
	return !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !ip.IsLoopback() &&
		!slices.ContainsFunc(inside, func(prefix netip.Prefix) bool { return prefix.Contains(ip) })
}

// complete adds those who are in every scene: addresses, name servers, strangers, and a twin of each pod of ours or of a peer.
func (s *scene) complete() *scene {
	namespaces := map[string]bool{"lab": true}
	pods := slices.Clone(s.ends)
	for _, pod := range pods {
		namespaces[pod.namespace] = true
		s.ends = append(s.ends, twins(pod)...)
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		s.ends = append(s.ends,
			&end{name: "stranger in " + namespace, namespace: namespace, labels: map[string]string{"app": "stranger"}},
			&end{name: "impostor of the name server in " + namespace, namespace: namespace, labels: map[string]string{"k8s-app": "kube-dns"}})
	}
	s.ends = append(s.ends,
		&end{name: "the node-local name server", address: "169.254.20.10", dns: true},
		&end{name: "the name server", namespace: "kube-system", labels: map[string]string{"k8s-app": "kube-dns"}, dns: true},
		&end{name: "another pod of the system", namespace: "kube-system", labels: map[string]string{"k8s-app": "metrics-server"}})
	for i, e := range s.ends {
		if !e.outside() {
			e.address = fmt.Sprintf("10.244.%d.%d", i/250, i%250)
		}
	}
	for _, address := range slices.Concat(addresses, around(s.ranges)) {
		s.ends = append(s.ends, &end{name: address, address: address})
	}
	s.ports = append(s.ports, 53, 80, 443, 3306, 5432, 6379, 8080, 9999)
	slices.Sort(s.ports)
	s.ports = slices.Compact(s.ports)
	return s
}

// twins are strangers that look like a pod: in another namespace, of another stack or service beside it, of another component,
// and one of a stack that is called like the service, with a component that is called like the engine.
func twins(pod *end) []*end {
	elsewhere := &end{name: pod.name + " of another namespace", namespace: "elsewhere", labels: pod.labels}
	stack := maps.Clone(pod.labels)
	for _, key := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/part-of", "stackwright.dev/stack", "stackwright.dev/owner-name"} {
		if stack[key] != "" {
			stack[key] += "-twin"
		}
	}
	name := maps.Clone(pod.labels)
	maps.DeleteFunc(name, func(key, _ string) bool { return len(key) > 5 && key[:5] == "uses." })
	name["app.kubernetes.io/name"] += "-twin"
	return []*end{
		elsewhere, {name: pod.name + " of another instance", namespace: pod.namespace, labels: stack},
		{name: pod.name + " of another name", namespace: pod.namespace, labels: name},
	}
}

// around are, for each range, an address inside and, where there is one, the address behind it.
func around(ranges []v1alpha1.CIDR) []string {
	var result []string
	for _, cidr := range ranges {
		prefix := netip.MustParsePrefix(string(cidr)).Masked()
		result = append(result, prefix.Addr().Next().String())
		last := prefix.Addr().AsSlice()
		for bit := prefix.Bits(); bit < len(last)*8; bit++ {
			last[bit/8] |= 1 << (7 - bit%8)
		}
		behind, _ := netip.AddrFromSlice(last)
		result = append(result, behind.String())
		if behind = behind.Next(); behind.IsValid() {
			result = append(result, behind.String())
		}
	}
	return result
}

// within says whether a rule for addresses lets a connection through. Names cannot be matched: every public address may be one.
func within(rule v1alpha1.EgressRule, address string, port int, tcp bool) bool {
	inPorts := len(rule.Ports) == 0 || slices.Contains(rule.Ports, int32(port)) //nolint:gosec // ports fit
	inRange := len(rule.Hosts) > 0 && public(address) || slices.ContainsFunc(rule.CIDRs, func(cidr v1alpha1.CIDR) bool {
		return netip.MustParsePrefix(string(cidr)).Contains(netip.MustParseAddr(address))
	})
	return tcp && inPorts && inRange
}

// note adds what a rule names to what is tried.
func (s *scene) note(rules ...v1alpha1.EgressRule) {
	for _, rule := range rules {
		s.ranges = append(s.ranges, rule.CIDRs...)
		for _, port := range rule.Ports {
			s.ports = append(s.ports, int(port))
		}
	}
}

// servicePorts are the ports of the engines as the documentation names them, by the mode of TLS.
func servicePorts(engine string, mode v1alpha1.TLSMode) []int {
	one := map[string]int{"PostgreSQL": 5432, "MySQL": 3306, "MongoDB": 27017, "Memcached": 11211}
	both := map[string][2]int{"Valkey": {6379, 6380}, "Redis": {6379, 6380}, "RabbitMQ": {5672, 5671}}
	switch ports, two := both[engine]; {
	case !two:
		return []int{one[engine]}
	case mode == v1alpha1.TLSPreferred || mode == "":
		return ports[:]
	case mode == v1alpha1.TLSRequired && engine == "RabbitMQ":
		return ports[1:]
	default:
		return ports[:1]
	}
}

// engineOf is the engine of a data service, and the mode of TLS that it asks for.
func engineOf(service client.Object) (string, v1alpha1.TLSMode) {
	var engine string
	var tls *v1alpha1.ServiceTLS
	switch o := service.(type) {
	case *v1alpha1.StackDatabase:
		engine, tls = string(o.Spec.Engine), o.Spec.TLS
	case *v1alpha1.StackCache:
		engine, tls = string(o.Spec.Engine), o.Spec.TLS
	case *v1alpha1.StackQueue:
		engine, tls = string(o.Spec.Engine), o.Spec.TLS
	}
	return engine, cmp.Or(tls, &v1alpha1.ServiceTLS{}).Mode
}
