package policytest

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
)

// scene is what the operator makes of a file of manifests, judged by the manifests.
func (s *sample) scene() *scene {
	result := &scene{policies: s.policies(), sends: s.declared, accepts: s.accepts}
	for _, owner := range s.owners() {
		for _, object := range s.made[owner].Objects {
			if template := desired.Template(object); template != nil {
				result.ends = append(result.ends, newEnd(owner, object, template))
			}
		}
	}
	for _, stack := range s.stacks {
		for i := range stack.Spec.Components {
			c := &stack.Spec.Components[i]
			result.note(c.Egress...)
			if c.Port != nil {
				result.ports = append(result.ports, int(*c.Port))
			}
			for _, port := range c.Ports {
				result.ports = append(result.ports, int(port.Port))
			}
		}
		for _, entry := range entries(stack) {
			if entry.external != nil {
				result.note(entry.external.Egress...)
			}
		}
	}
	for _, service := range s.services {
		result.ports = append(result.ports, servicePorts(engineOf(service))...)
	}
	return result.complete()
}

func newEnd(owner, object client.Object, template *corev1.PodTemplateSpec) *end {
	e := &end{
		name: object.GetNamespace() + "/" + object.GetName(), namespace: object.GetNamespace(), labels: template.Labels, ours: true,
	}
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

// accepts: a load balancer is there for everybody, anything else for those who declare it.
func (s *sample) accepts(from, to *end, port int, protocol corev1.Protocol) bool {
	if to.balancer {
		return port == balancerPort && protocol == corev1.ProtocolTCP
	}
	return from.ours && s.declared(from, to, port, protocol)
}

// declared says, from the specs alone, whether a connection from a pod of ours is to be open.
func (s *sample) declared(from, to *end, port int, protocol corev1.Protocol) bool {
	tcp := protocol == corev1.ProtocolTCP
	switch {
	case to.dns:
		return port == 53 && protocol != corev1.ProtocolSCTP || s.reaches(from, to, port, tcp)
	case from.service != nil:
		return from.service == to.service
	case from.balancer:
		return to.component != nil && to.stack == from.stack && len(to.component.Routes) > 0 && tcp && port == int(*to.component.Port)
	case to.outside():
		return s.reaches(from, to, port, tcp)
	case to.service != nil:
		return tcp && slices.Contains(servicePorts(engineOf(to.service)), port) && usesService(from, to.service)
	case to.component != nil:
		return listens(to.component, port, protocol) && calls(from, to)
	}
	return false
}

// reaches says whether a component may connect to an address outside: by its own rules, by those of the external services that
// it uses, and, where it has no rules, as the class decides.
func (s *sample) reaches(from, to *end, port int, tcp bool) bool {
	c := from.component
	if c == nil || !to.outside() {
		return false
	}
	if c.Egress == nil && s.internet() && public(to.address) {
		return true
	}
	rules := c.Egress
	for _, entry := range entries(from.stack) {
		if entry.external != nil && uses(c, entry.name) {
			rules = slices.Concat(rules, entry.external.Egress)
		}
	}
	return slices.ContainsFunc(rules, func(rule v1alpha1.EgressRule) bool { return within(rule, to.address, port, tcp) })
}

// internet says what the class opens; without a class, public addresses.
func (s *sample) internet() bool {
	return s.class == nil || s.class.Spec.Network == nil || s.class.Spec.Network.Egress != v1alpha1.EgressDeny
}

func uses(c *v1alpha1.Component, name string) bool {
	return c.Uses == nil && string(c.Name) != name || slices.Contains(c.Uses, name)
}

// entry is one database, cache, queue or binding of a stack.
type entry struct {
	name     string
	ref      *v1alpha1.ServiceReference
	external *v1alpha1.ExternalService
}

func entries(stack *v1alpha1.BackendStack) []entry {
	var result []entry
	for _, d := range stack.Spec.Databases {
		e := entry{name: string(d.Name), external: d.External}
		if d.Ref != nil {
			e.ref = &d.Ref.ServiceReference
		}
		result = append(result, e)
	}
	for _, c := range stack.Spec.Caches {
		result = append(result, entry{string(c.Name), c.Ref, c.External})
	}
	for _, q := range stack.Spec.Queues {
		e := entry{name: string(q.Name), external: q.External}
		if q.Ref != nil {
			e.ref = &q.Ref.ServiceReference
		}
		result = append(result, e)
	}
	for _, b := range stack.Spec.Bindings {
		result = append(result, entry{name: string(b.Name), external: &b.ExternalService})
	}
	return result
}

// usesService looks for an entry of the caller's stack that is this service, and that the caller uses.
func usesService(from *end, service client.Object) bool {
	return slices.ContainsFunc(entries(from.stack), func(e entry) bool {
		namespace, name := from.namespace, from.stack.Name+"-"+e.name
		if e.ref != nil {
			namespace, name = cmp.Or(e.ref.Namespace, from.namespace), e.ref.Name
		}
		return e.external == nil && uses(from.component, e.name) && service.GetNamespace() == namespace && service.GetName() == name
	})
}

func listens(c *v1alpha1.Component, port int, protocol corev1.Protocol) bool {
	if c.Port != nil && int(*c.Port) == port && protocol == corev1.ProtocolTCP {
		return true
	}
	return slices.ContainsFunc(c.Ports, func(p v1alpha1.ComponentPort) bool {
		udp := p.Protocol == v1alpha1.PortUDP
		return int(p.Port) == port && udp == (protocol == corev1.ProtocolUDP) && protocol != corev1.ProtocolSCTP
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
