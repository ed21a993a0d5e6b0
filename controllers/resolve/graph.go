package resolve

import (
	"cmp"
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// graph has the edges between the components and services of a stack, in the order of the spec.
type graph struct {
	plan  *StackPlan
	stack *v1alpha1.BackendStack
	// foreign are the components of other stacks that let components of this one in, by caller.
	foreign map[string][]part.Peer
}

func (r *Resolver) graph(ctx context.Context, plan *StackPlan) (*graph, error) {
	g := &graph{plan: plan, stack: plan.Object, foreign: map[string][]part.Peer{}}
	others := &v1alpha1.BackendStackList{}
	key := plan.Object.Namespace + "/" + plan.Object.Name
	if err := r.Cache.List(ctx, others, client.MatchingFields{IndexCallees: key}); err != nil {
		return nil, err
	}
	slices.SortFunc(others.Items, func(a, b v1alpha1.BackendStack) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for i := range others.Items {
		g.addForeign(&others.Items[i])
	}
	return g, nil
}

// mostForeign is how many components of one other namespace count as callees of one component. Who may write there decides alone
// whom he lets in, and what he writes stands in a policy of this stack: without a bound he could make it too large to be stored.
const mostForeign = 64

func (g *graph) addForeign(other *v1alpha1.BackendStack) {
	for i := range other.Spec.Components {
		callee := &other.Spec.Components[i]
		peer := part.Peer{Namespace: other.Namespace, Labels: identity(other.Name, callee).Selector(), Ports: ports(callee)}
		for _, caller := range g.foreignCallers(callee) {
			known := g.foreign[caller]
			if n := len(known); n < mostForeign || known[n-mostForeign].Namespace != other.Namespace {
				g.foreign[caller] = append(known, peer)
			}
		}
	}
}

// foreignCallers are the components of this stack that a component of another one lets in, each once.
func (g *graph) foreignCallers(callee *v1alpha1.Component) []string {
	var callers []string
	for _, caller := range callee.AllowFrom {
		name := string(caller.Component)
		ours := caller.Namespace == g.stack.Namespace && caller.Stack == g.stack.Name
		if ours && !slices.Contains(callers, name) {
			callers = append(callers, name)
		}
	}
	return callers
}

func identity(stack string, component *v1alpha1.Component) kit.Identity {
	return kit.ComponentIdentity(stack, string(component.Name))
}

// uses says whether a component connects to an entry or component of the given name.
func uses(component *v1alpha1.Component, name string) bool {
	if component.Uses == nil {
		return string(component.Name) != name
	}
	return slices.Contains(component.Uses, name)
}

func (g *graph) find(name string) *v1alpha1.Component {
	for i := range g.stack.Spec.Components {
		if c := &g.stack.Spec.Components[i]; string(c.Name) == name {
			return c
		}
	}
	return nil
}

// services are the entries that a component uses.
func (g *graph) services(name string) []part.Dependency {
	var result []part.Dependency
	for _, state := range g.plan.Entries {
		if uses(g.find(name), state.Name) {
			result = append(result, state.Dependency)
		}
	}
	return result
}

// calls are the components that a component connects to: those that it uses and that have a port.
func (g *graph) calls(name string) []*v1alpha1.Component {
	caller := g.find(name)
	var result []*v1alpha1.Component
	for i := range g.stack.Spec.Components {
		callee := &g.stack.Spec.Components[i]
		if callee != caller && len(ports(callee)) > 0 && uses(caller, string(callee.Name)) {
			result = append(result, callee)
		}
	}
	return result
}

func (g *graph) callees(name string) []part.Callee {
	var result []part.Callee
	for _, callee := range g.calls(name) {
		result = append(result, part.Callee{
			Name: string(callee.Name), Host: g.plan.host(string(callee.Name)), Port: valueOr(callee.Port, 0),
		})
	}
	return result
}

// called says whether anybody connects to a component.
func (g *graph) called(name string) bool {
	callee := g.find(name)
	if len(ports(callee)) == 0 {
		return false
	}
	return len(callee.Routes) > 0 || len(callee.AllowFrom) > 0 || g.usedInside(name)
}

func (g *graph) usedInside(name string) bool {
	return slices.ContainsFunc(g.stack.Spec.Components, func(caller v1alpha1.Component) bool {
		return string(caller.Name) != name && uses(&caller, name)
	})
}

// ingress are the peers that may connect to a component: those that use it, those that it lets in, the load balancer.
func (g *graph) ingress(name string) []part.Peer {
	callee := g.find(name)
	open := ports(callee)
	if len(open) == 0 {
		return nil
	}
	var peers []part.Peer
	if g.usedInside(name) {
		peers = append(peers, part.Peer{Labels: kit.ConsumerLabels(g.stack.Name, name), Ports: open})
	}
	for _, caller := range callee.AllowFrom {
		peers = append(peers, g.caller(caller, open))
	}
	if len(callee.Routes) > 0 {
		peers = append(peers, part.Peer{
			Labels: kit.LoadBalancerIdentity(g.stack.Name).Selector(), Ports: kit.TCP(valueOr(callee.Port, 0)),
		})
	}
	return peers
}

func (g *graph) caller(caller v1alpha1.Caller, open []part.Port) part.Peer {
	stack := caller.Stack
	if stack == "" {
		stack = g.stack.Name
	}
	labels := kit.ComponentIdentity(stack, string(caller.Component)).Selector()
	labels[v1alpha1.LabelStack] = stack
	return part.Peer{Namespace: caller.Namespace, Labels: labels, Ports: open}
}

// egress are the peers inside the cluster that a component may connect to.
func (g *graph) egress(name string) []part.Peer {
	var peers []part.Peer
	for _, state := range g.plan.Entries {
		if state.Peer != nil && uses(g.find(name), state.Name) {
			peers = append(peers, *state.Peer)
		}
	}
	called := g.calls(name)
	for _, callee := range called {
		peers = append(peers, part.Peer{Labels: identity(g.stack.Name, callee).Selector(), Ports: ports(callee)})
	}
	for i := range g.stack.Spec.Components {
		callee := &g.stack.Spec.Components[i]
		if !slices.Contains(called, callee) && letsIn(callee, name) {
			peers = append(peers, part.Peer{Labels: identity(g.stack.Name, callee).Selector(), Ports: ports(callee)})
		}
	}
	return append(peers, g.foreign[name]...)
}

// letsIn says whether a component names another of the same stack in allowFrom.
func letsIn(callee *v1alpha1.Component, name string) bool {
	return slices.ContainsFunc(callee.AllowFrom, func(c v1alpha1.Caller) bool {
		return c.Stack == "" && string(c.Component) == name
	})
}

// ports are the ports that a component listens on.
func ports(component *v1alpha1.Component) []part.Port {
	var result []part.Port
	if component.Port != nil {
		result = append(result, part.Port{Number: *component.Port, Protocol: corev1.ProtocolTCP})
	}
	for _, port := range component.Ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol == v1alpha1.PortUDP {
			protocol = corev1.ProtocolUDP
		}
		result = append(result, part.Port{Number: port.Port, Protocol: protocol})
	}
	return result
}
