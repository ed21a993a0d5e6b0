package resolve

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// StackPlan is what is known of a stack before anything is written.
type StackPlan struct {
	Object *v1alpha1.BackendStack
	Class  *Class
	// Stack is what rooms build from: components that are held back are left out.
	Stack *part.Stack
	// Entries of the stack with what is known of their services.
	Entries []EntryState
	// Held are components that wait for something, by name. Their objects stay as they are.
	Held map[string]error
	// Wanted is the number of pods by component, held ones among them.
	Wanted map[string]int32
}

// EntryState is an entry of a stack with what is known of its service.
type EntryState struct {
	Entry
	// Service is nil for an external entry, and while the service does not exist.
	Service *View
	// Consumer is what the service says of this stack; nil while it says nothing.
	Consumer *v1alpha1.ConsumerStatus
	// Problem says why components that use the entry have to wait; nil when they need not.
	Problem error
	// Shared says that another stack uses the service too.
	Shared bool
	// Dependency is what rooms see.
	Dependency part.Dependency
	// Peer is the service as the other end of a network edge; nil for an external entry.
	Peer *part.Peer
}

// Stack resolves a stack.
func (r *Resolver) Stack(ctx context.Context, object *v1alpha1.BackendStack) (*StackPlan, error) {
	plan := &StackPlan{Object: object, Held: map[string]error{}, Wanted: map[string]int32{}}
	class, err := r.Class(ctx, object.Namespace, object.Spec.StackClassName)
	if err != nil {
		return plan, err
	}
	plan.Class = class
	plan.Stack = &part.Stack{
		Namespace: object.Namespace, Name: object.Name, ClusterDomain: r.ClusterDomain,
		Suspended: valueOr(object.Spec.Suspend, false), Production: class.Production(),
	}
	for _, entry := range Entries(object) {
		state, err := r.entry(ctx, object, entry)
		if err != nil {
			return plan, err
		}
		plan.Entries = append(plan.Entries, state)
		plan.Stack.Dependencies = append(plan.Stack.Dependencies, state.Dependency)
	}
	errs := []error{r.claims(ctx, plan), r.components(ctx, plan), plan.routes()}
	return plan, part.Join(errs)
}

func (r *Resolver) claims(ctx context.Context, plan *StackPlan) error {
	var errs []error
	for i := range plan.Object.Spec.Volumes {
		volume := &plan.Object.Spec.Volumes[i]
		field := fmt.Sprintf("spec.volumes[%s]", volume.Name)
		name := kit.Child(plan.Object.Name, string(volume.Name))
		exists, err := r.found(ctx, plan.Object.Namespace, name, &corev1.PersistentVolumeClaim{})
		errs = append(errs, err)
		storage, err := r.storage(ctx, plan.Class, field,
			&v1alpha1.Storage{Size: volume.Size, StorageClassName: volume.StorageClassName}, "", exists)
		errs = append(errs, err)
		modes := []corev1.PersistentVolumeAccessMode{}
		for _, mode := range volume.AccessModes {
			modes = append(modes, corev1.PersistentVolumeAccessMode(mode))
		}
		if len(modes) == 0 {
			modes = append(modes, corev1.ReadWriteOnce)
		}
		plan.Stack.Claims = append(plan.Stack.Claims, part.Claim{
			Entry: string(volume.Name), Name: name, Storage: storage, AccessModes: modes,
		})
	}
	return part.Join(errs)
}

func (r *Resolver) components(ctx context.Context, plan *StackPlan) error {
	graph, err := r.graph(ctx, plan)
	if err != nil {
		return err
	}
	var errs []error
	for i := range plan.Object.Spec.Components {
		component, err := plan.component(merged(plan.Object, i), graph)
		errs = append(errs, err)
		plan.Wanted[string(component.Spec.Name)] = wanted(plan.Stack, &component)
		if plan.hold(&component) {
			continue
		}
		plan.Stack.Components = append(plan.Stack.Components, component)
	}
	return part.Join(errs)
}

func wanted(stack *part.Stack, component *part.Component) int32 {
	if stack.Suspended {
		return 0
	}
	return component.Replicas
}

// hold leaves a component as it is while a service that it uses has no credentials for it yet.
func (p *StackPlan) hold(component *part.Component) bool {
	for _, state := range p.Entries {
		uses := slices.ContainsFunc(component.Uses, func(d part.Dependency) bool { return d.Name == state.Name })
		if uses && state.Problem != nil {
			p.Held[string(component.Spec.Name)] = state.Problem
			return true
		}
	}
	return false
}

// merged returns a component with the defaults of the stack: all of them when it inherits the image, else the pull Secrets.
func merged(stack *v1alpha1.BackendStack, index int) v1alpha1.Component {
	component := *stack.Spec.Components[index].DeepCopy()
	component.Type = cmp.Or(component.Type, v1alpha1.ComponentService)
	component.Runtime = cmp.Or(component.Runtime, v1alpha1.RuntimeCustom)
	defaults := stack.Spec.Defaults
	if defaults == nil {
		return component
	}
	for _, secret := range defaults.ImagePullSecrets {
		if !slices.Contains(component.ImagePullSecrets, secret) {
			component.ImagePullSecrets = append(component.ImagePullSecrets, secret)
		}
	}
	if component.Image != "" {
		return component
	}
	component.Image = defaults.Image
	component.EnvFrom = append(slices.Clone(defaults.EnvFrom), component.EnvFrom...)
	var inherited []v1alpha1.EnvVar
	for _, variable := range defaults.Env {
		if !slices.ContainsFunc(component.Env, func(own v1alpha1.EnvVar) bool { return own.Name == variable.Name }) {
			inherited = append(inherited, variable)
		}
	}
	component.Env = append(inherited, component.Env...)
	return component
}

func (p *StackPlan) component(spec v1alpha1.Component, graph *graph) (part.Component, error) {
	name := string(spec.Name)
	field := fmt.Sprintf("spec.components[%s]", name)
	result := part.Component{
		Spec: spec, Image: p.Class.Mirrored(spec.Image),
		RestartedAt: later(p.Object.Spec.RestartedAt, spec.RestartedAt),
		Uses:        graph.services(name), Calls: graph.callees(name), Called: graph.called(name),
		IngressFrom: graph.ingress(name), EgressTo: graph.egress(name),
	}
	result.Egress, result.Internet = p.egress(spec, result.Uses)
	errs := []error{p.Class.checkRegistry(field+".image", spec.Image)}
	for _, init := range spec.InitContainers {
		image := cmp.Or(init.Image, spec.Image)
		result.InitImages = append(result.InitImages, p.Class.Mirrored(image))
		errs = append(errs, p.Class.checkRegistry(fmt.Sprintf("%s.initContainers[%s].image", field, init.Name), image))
	}
	var err error
	result.Resources, err = p.Class.Resources(field+".size", spec.Size, spec.Resources)
	errs = append(errs, err)
	result.SidecarResources, err = p.Class.Resources(field+".size", "Nano", nil)
	errs = append(errs, err)
	result.Placement, err = p.Class.Placement(field+".placement", spec.Placement)
	errs = append(errs, err, p.replicas(field, spec, &result))
	return result, part.Join(errs)
}

func (p *StackPlan) egress(spec v1alpha1.Component, uses []part.Dependency) ([]v1alpha1.EgressRule, bool) {
	rules := slices.Clone(spec.Egress)
	for _, dependency := range uses {
		rules = append(rules, dependency.Egress...)
	}
	internet := p.Class.Spec.Network == nil || p.Class.Spec.Network.Egress == v1alpha1.EgressInternet
	return rules, spec.Egress == nil && internet
}

// replicas decides the number of pods: as written, else two in production (never above the autoscaler's maximum), else one.
func (p *StackPlan) replicas(field string, spec v1alpha1.Component, result *part.Component) error {
	floor := int32(1)
	if p.Class.Production() && !single(spec) {
		floor = 2
	}
	result.Replicas = valueOr(spec.Replicas, floor)
	highest := result.Replicas
	if spec.Scale != nil {
		result.Autoscaled, result.MaxReplicas = true, spec.Scale.Max
		result.MinReplicas = valueOr(spec.Scale.Min, min(floor, spec.Scale.Max))
		result.Replicas, highest = result.MinReplicas, spec.Scale.Max
	}
	if l := p.Class.Spec.Limits; l != nil && l.MaxReplicas != nil && highest > *l.MaxReplicas {
		return part.Invalid(v1alpha1.ReasonLimitExceeded,
			"%s: %d replicas are more than the class's limit of %d", field, highest, *l.MaxReplicas)
	}
	return nil
}

// single says whether a component never runs twice at once.
func single(spec v1alpha1.Component) bool {
	beat := spec.Celery != nil && spec.Celery.Role == v1alpha1.CeleryBeat
	return beat || spec.Strategy != nil && spec.Strategy.Type == v1alpha1.RolloutRecreate
}

func later(a, b *metav1.Time) string {
	if a == nil || b != nil && b.After(a.Time) {
		return timestamp(b)
	}
	return timestamp(a)
}

// routes lists what the load balancer serves; it serves nothing without routes.
func (p *StackPlan) routes() error {
	var routes []part.Route
	for i := range p.Object.Spec.Components {
		component := &p.Object.Spec.Components[i]
		for j := range component.Routes {
			routes = append(routes, p.route(component, &component.Routes[j])...)
		}
	}
	if len(routes) == 0 {
		return nil
	}
	balancer := &part.LoadBalancer{Replicas: 1, Routes: routes, RestartedAt: timestamp(p.Object.Spec.RestartedAt)}
	if p.Class.Production() {
		balancer.Replicas = 2
	}
	var errs [3]error
	balancer.Image, errs[0] = p.Class.EngineImage(string(v1alpha1.EngineNginx), "")
	balancer.Resources, errs[1] = p.Class.Resources("loadBalancer.size", "Micro", nil)
	balancer.Placement, errs[2] = p.Class.Placement("loadBalancer.placement", "")
	p.Stack.LoadBalancer = balancer
	return part.Join(errs[:])
}

func (p *StackPlan) route(component *v1alpha1.Component, route *v1alpha1.Route) []part.Route {
	hostnames := route.Hostnames
	if len(hostnames) == 0 {
		hostnames = p.Object.Spec.Hostnames
	}
	if len(hostnames) == 0 {
		hostnames = []v1alpha1.Hostname{""}
	}
	rules := route.Rules
	if len(rules) == 0 {
		rules = []v1alpha1.RouteRule{{Name: "all", Path: "/"}}
	}
	var result []part.Route
	for _, hostname := range hostnames {
		for _, rule := range rules {
			result = append(result, part.Route{
				Hostname: string(hostname), Path: rule.Path, Component: string(component.Name),
				Host: p.host(string(component.Name)), Port: valueOr(component.Port, 0),
				Entry: string(route.Name + "/" + rule.Name),
			})
		}
	}
	return result
}

func (p *StackPlan) host(component string) string {
	return kit.ServiceHost(kit.Child(p.Object.Name, component), p.Object.Namespace, p.Stack.ClusterDomain)
}
