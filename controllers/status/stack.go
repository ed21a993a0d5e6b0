package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// StackPass is what one pass over a stack learned.
type StackPass struct {
	Plan *resolve.StackPlan
	// Output is what was built; nil when the pass ended before.
	Output *part.Output
	// State is what was observed; nil when it could not be read.
	State *observe.State
	// Held names the workloads whose template is held back.
	Held []string
	// Generations are those of the objects that this pass wrote, as in apply.Result.
	Generations map[string]int64
	// Err ended the pass.
	Err error
}

// Stack derives the status of a stack.
func Stack(pass StackPass, now time.Time) v1alpha1.BackendStackStatus {
	stack := pass.Plan.Object
	next := *stack.Status.DeepCopy()
	next.ObservedGeneration = stack.Generation
	if pass.Plan.Class != nil {
		next.StackClass = &v1alpha1.ResolvedClass{Name: pass.Plan.Class.Name, Generation: pass.Plan.Class.Generation}
	}
	entries := resolve.Entries(stack)
	if pass.Plan.Stack != nil && len(pass.Plan.Entries) == len(entries) {
		next.Dependencies = pass.dependencies()
	}
	next.Components = pass.components()
	next.Summary = summary(next.Components, next.Dependencies, entries)
	c := conditions{list: next.Conditions, generation: stack.Generation, now: now}
	pass.parts(&c, &next)
	c.root(pass.verdict(&next, c.list))
	c.available(pass.serving())
	if pass.Output != nil {
		c.updates(slices.Clone(pass.Held))
		next.Capabilities = sorted(pass.Output.Verdicts)
		next.URLs = pass.urls()
	}
	next.Conditions = c.list
	return next
}

func (p *StackPass) dependencies() []v1alpha1.DependencyStatus {
	var result []v1alpha1.DependencyStatus
	for i := range p.Plan.Entries {
		dependency := p.dependency(&p.Plan.Entries[i])
		dependency.Message = bounded(dependency.Message)
		result = append(result, dependency)
	}
	return result
}

func (p *StackPass) dependency(state *resolve.EntryState) v1alpha1.DependencyStatus {
	result := v1alpha1.DependencyStatus{Name: state.Name, Kind: state.Kind, Ready: metav1.ConditionFalse}
	if state.External != nil {
		result.Object, result.Provider = state.External.SecretRef.Name, string(v1alpha1.EntryExternal)
		result.Ready, result.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNotProbed
		return result
	}
	result.Object = state.Namespace + "/" + state.Object
	if state.Service == nil {
		verdict := ofError(state.Problem)
		result.Reason, result.Message = verdict.Reason, verdict.Message
		return result
	}
	service := state.Service.Status
	if !state.Inline && state.Problem != nil && state.Consumer == nil { // a stack that is not let in learns nothing of a service of others
		verdict := ofError(state.Problem)
		result.Reason, result.Message = verdict.Reason, verdict.Message
		return result
	}
	result.Provider = service.Provider
	if service.Endpoint != nil {
		result.Endpoint = fmt.Sprintf("%s:%d", service.Endpoint.Host, service.Endpoint.Port)
	}
	verdict := p.serviceVerdict(state)
	result.Ready, result.Reason = truth(verdict.Ready), verdict.Reason
	if !verdict.Ready {
		result.Message = verdict.Message
	}
	return result
}

// serviceVerdict is what a service's own status says, and whether this stack can use it.
func (p *StackPass) serviceVerdict(state *resolve.EntryState) Verdict {
	readiness := meta.FindStatusCondition(state.Service.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case readiness != nil && readiness.Status != metav1.ConditionTrue && !lacksOnlyWhatOthersDeclare(state, readiness.Reason):
		return notReady(readiness.Reason, readiness.Message)
	case state.Problem != nil:
		return ofError(state.Problem)
	case readiness == nil || !p.current(state):
		return notReady(v1alpha1.ReasonProgressing, "the last change is being applied")
	case state.Consumer != nil && state.Consumer.Ready != metav1.ConditionTrue:
		return notReady(cmp.Or(state.Consumer.Reason, v1alpha1.ReasonProgressing), "the login of this stack is being made")
	}
	return ready("")
}

// lacksOnlyWhatOthersDeclare says of a service of others, which is not Ready for a reason, that this stack can use it: what is missing is
// what its owner declares in it, a broker's topology or a database's extension.
func lacksOnlyWhatOthersDeclare(state *resolve.EntryState, reason string) bool {
	return !state.Inline && state.Consumer != nil && state.Consumer.Ready == metav1.ConditionTrue &&
		(reason == v1alpha1.ReasonExtensionsFailed || meta.IsStatusConditionFalse(state.Service.Status.Conditions, v1alpha1.ConditionTopologyReady))
}

// current says whether the service's status speaks of its present spec, which this pass may just have written.
func (p *StackPass) current(state *resolve.EntryState) bool {
	generation := state.Service.Object.GetGeneration()
	if state.Inline {
		generation = max(generation, p.Generations[apply.Key(state.Kind, state.Object)])
	}
	return state.Service.Status.ObservedGeneration >= generation
}

func (p *StackPass) components() []v1alpha1.ComponentStatus {
	var result []v1alpha1.ComponentStatus
	for i := range p.Plan.Object.Spec.Components {
		name := string(p.Plan.Object.Spec.Components[i].Name)
		workload, exists := p.workload("Deployment", kit.Child(p.Plan.Object.Name, name))
		verdict := p.component(name, workload, exists)
		result = append(result, v1alpha1.ComponentStatus{
			Name: name, Ready: truth(verdict.Ready), Reason: verdict.Reason, Message: message(verdict),
			Replicas: workload.Wanted, ReadyReplicas: workload.Ready,
		})
	}
	return result
}

func message(v Verdict) string {
	if v.Ready {
		return ""
	}
	return bounded(v.Message)
}

func (p *StackPass) component(name string, workload observe.Workload, exists bool) Verdict {
	subject := "component " + name
	if problem := p.Plan.Held[name]; problem != nil {
		verdict := ofError(problem)
		verdict.Message = subject + " waits: " + verdict.Message
		return verdict
	}
	suspended := p.Plan.Stack != nil && p.Plan.Stack.Suspended
	switch {
	case !exists && p.Err != nil:
		verdict := ofError(p.Err)
		verdict.Message = subject + " is not made: " + verdict.Message
		return verdict
	case !exists:
		return notReady(v1alpha1.ReasonProgressing, subject+" is being made")
	case workload.RolledOut && suspended:
		return notReady(v1alpha1.ReasonSuspended, subject+" is suspended")
	case workload.RolledOut && workload.Wanted == 0:
		return Verdict{Ready: true, Reason: v1alpha1.ReasonIdle, Message: subject + " has no pod by its own rules"}
	}
	return ofWorkload(subject, workload)
}

func (p *StackPass) workload(kind, name string) (observe.Workload, bool) {
	if p.State == nil {
		return observe.Workload{}, false
	}
	for _, w := range p.State.Workloads {
		if w.Kind == kind && w.Name == name {
			return w, true
		}
	}
	return observe.Workload{}, false
}

// summary counts what is ready of what is declared.
func summary(
	components []v1alpha1.ComponentStatus, dependencies []v1alpha1.DependencyStatus, entries []resolve.Entry,
) *v1alpha1.StackSummary {
	count := func(kind string) string {
		ready, all := 0, 0
		for _, e := range entries {
			if e.Kind == kind {
				all++
			}
		}
		for _, d := range dependencies {
			if d.Kind == kind && d.Ready == metav1.ConditionTrue {
				ready++
			}
		}
		return fmt.Sprintf("%d/%d", min(ready, all), all)
	}
	up := 0
	for _, c := range components {
		if c.Ready == metav1.ConditionTrue {
			up++
		}
	}
	return &v1alpha1.StackSummary{
		Components: fmt.Sprintf("%d/%d", up, len(components)),
		Databases:  count(resolve.KindDatabase), Caches: count(resolve.KindCache), Queues: count(resolve.KindQueue),
	}
}

// parts writes one condition per part of the stack.
func (p *StackPass) parts(c *conditions, next *v1alpha1.BackendStackStatus) {
	c.verdict(v1alpha1.ConditionDependenciesReady, p.dependenciesVerdict(next.Dependencies))
	c.verdict(v1alpha1.ConditionComponentsReady, componentsVerdict(next.Components))
	routed := p.Plan.Stack != nil && p.Plan.Stack.LoadBalancer != nil
	if routed {
		c.verdict(v1alpha1.ConditionRoutesReady, p.routes())
	} else if p.Err == nil {
		meta.RemoveStatusCondition(&c.list, v1alpha1.ConditionRoutesReady)
	}
}

func (p *StackPass) dependenciesVerdict(dependencies []v1alpha1.DependencyStatus) Verdict {
	var verdicts []Verdict
	var unknown []string
	for _, d := range dependencies {
		switch d.Ready {
		case metav1.ConditionFalse:
			verdicts = append(verdicts, notReady(cmp.Or(d.Reason, v1alpha1.ReasonDependencyNotReady), dependencyMessage(d)))
		case metav1.ConditionUnknown:
			unknown = append(unknown, d.Name)
		}
	}
	if verdict, found := worst(verdicts); found {
		return verdict
	}
	if len(dependencies) < len(resolve.Entries(p.Plan.Object)) && p.Err != nil { // the pass ended before it looked
		return ofError(p.Err)
	}
	message := "every database, cache and queue answers"
	if len(unknown) > 0 {
		message += "; external services are not probed: " + strings.Join(unknown, ", ")
	}
	return ready(message)
}

func dependencyMessage(d v1alpha1.DependencyStatus) string {
	noun := strings.ToLower(strings.TrimPrefix(d.Kind, "Stack")) + " " + d.Name
	if strings.HasPrefix(d.Message, noun) || d.Message == "" {
		return cmp.Or(d.Message, noun+" is not ready")
	}
	return noun + ": " + d.Message
}

func componentsVerdict(components []v1alpha1.ComponentStatus) Verdict {
	var verdicts []Verdict
	for _, c := range components {
		if c.Ready != metav1.ConditionTrue {
			verdicts = append(verdicts, notReady(c.Reason, c.Message))
		}
	}
	if verdict, found := worst(verdicts); found {
		return verdict
	}
	return ready("every component is rolled out and answers")
}

func (p *StackPass) routes() Verdict {
	workload, exists := p.workload("Deployment", kit.Child(p.Plan.Object.Name, "lb"))
	switch {
	case !exists:
		return notReady(v1alpha1.ReasonProgressing, "the load balancer is being made")
	case p.Plan.Stack.Suspended:
		return notReady(v1alpha1.ReasonSuspended, "the load balancer is suspended")
	case !workload.RolledOut:
		return ofWorkload("the load balancer", workload)
	case p.State.Address == "":
		return notReady(v1alpha1.ReasonAddressPending,
			"the load balancer has no address yet; does the cluster serve Services of type LoadBalancer?")
	}
	return ready("the load balancer answers")
}

// verdict decides Ready: the first rule that applies.
func (p *StackPass) verdict(next *v1alpha1.BackendStackStatus, parts []metav1.Condition) Verdict {
	switch {
	case p.Err != nil:
		return ofError(p.Err)
	case p.State == nil || p.Output == nil:
		return notReady(v1alpha1.ReasonProgressing, "nothing was observed yet")
	case p.Plan.Stack.Suspended && p.down(next):
		return Verdict{Resting: true, Reason: v1alpha1.ReasonSuspended,
			Message: "spec.suspend is set; the data is kept. Unset it to go on"}
	}
	kinds := []string{
		v1alpha1.ConditionDependenciesReady, v1alpha1.ConditionComponentsReady, v1alpha1.ConditionRoutesReady,
	}
	for _, kind := range kinds {
		condition := meta.FindStatusCondition(parts, kind)
		if condition != nil && condition.Status != metav1.ConditionTrue {
			return Verdict{Stalled: p.stuck(), Reason: condition.Reason, Message: condition.Message}
		}
	}
	return ready("everything that is declared answers")
}

// stuck says that nothing gets better by waiting: a rollout failed, or a service that this stack declares inline says so of itself.
func (p *StackPass) stuck() bool {
	stalled := func(state resolve.EntryState) bool {
		return state.Inline && state.Service != nil && p.current(&state) &&
			meta.IsStatusConditionTrue(state.Service.Status.Conditions, v1alpha1.ConditionStalled)
	}
	return slices.ContainsFunc(p.State.Workloads, func(w observe.Workload) bool { return w.Stuck && !w.RolledOut }) ||
		slices.ContainsFunc(p.Plan.Entries, stalled)
}

// down says whether a suspended stack has come to rest.
func (p *StackPass) down(next *v1alpha1.BackendStackStatus) bool {
	for _, c := range next.Components {
		if c.Reason != v1alpha1.ReasonSuspended {
			return false
		}
	}
	for i := range p.Plan.Entries {
		state := &p.Plan.Entries[i]
		if state.Inline && !state.Shared && next.Dependencies[i].Reason != v1alpha1.ReasonSuspended {
			return false
		}
	}
	return true
}

// serving says whether every component that should run has a ready pod; a stack of services only serves when they do.
func (p *StackPass) serving() bool {
	serving := false
	for i := range p.Plan.Object.Spec.Components {
		name := string(p.Plan.Object.Spec.Components[i].Name)
		workload, exists := p.workload("Deployment", kit.Child(p.Plan.Object.Name, name))
		if !exists || workload.Wanted > 0 && workload.Ready == 0 {
			return false
		}
		serving = serving || workload.Ready > 0
	}
	if len(p.Plan.Object.Spec.Components) > 0 {
		return serving
	}
	for i := range p.Plan.Entries {
		if service := p.Plan.Entries[i].Service; service != nil &&
			!meta.IsStatusConditionTrue(service.Status.Conditions, v1alpha1.ConditionAvailable) {
			return false
		}
	}
	return len(p.Plan.Entries) > 0
}

// urls are the addresses of the routes: their hostnames, or the balancer's address for routes that serve any.
func (p *StackPass) urls() []string {
	if p.Plan.Stack.LoadBalancer == nil {
		return nil
	}
	var urls []string
	for _, route := range p.Plan.Stack.LoadBalancer.Routes {
		host := route.Hostname
		if host == "" && p.State != nil {
			host = p.State.Address
		}
		url := "http://" + host + route.Path
		if host != "" && !strings.HasPrefix(host, "*.") && !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	const most = 64
	return urls[:min(len(urls), most)]
}
