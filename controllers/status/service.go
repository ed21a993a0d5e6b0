package status

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// ServicePass is what one pass over a data service learned.
type ServicePass struct {
	Plan *resolve.ServicePlan
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

// Service derives the status of a data service.
func Service(pass ServicePass, now time.Time) v1alpha1.DataServiceStatus {
	view := pass.Plan.View
	next := *view.Status.DeepCopy()
	next.ObservedGeneration = view.Object.GetGeneration()
	pass.choices(&next)
	verdict := pass.verdict(pass.verdicts())
	pass.consumers(&next, view.Status.Consumers, pass.verdict(pass.serviceVerdicts()))
	c := conditions{list: next.Conditions, generation: next.ObservedGeneration, now: now}
	c.root(verdict)
	c.available(pass.serving())
	pass.topology(&c)
	pass.metrics(&c)
	if pass.Output != nil {
		c.updates(slices.Clone(pass.Held))
		next.Capabilities = sorted(append(slices.Clone(pass.Output.Verdicts), pass.rotation()...))
	}
	next.Conditions = c.list
	return next
}

// choices copies what the anchor records.
func (p *ServicePass) choices(next *v1alpha1.DataServiceStatus) {
	if p.Plan.Class != nil {
		next.StackClass = &v1alpha1.ResolvedClass{Name: p.Plan.Class.Name, Generation: p.Plan.Class.Generation}
	}
	a := p.Plan.Anchor
	if a == nil || p.Plan.Service == nil {
		return
	}
	next.Provider, next.Version, next.Image = a.Provider, a.Version, a.Image
	endpoint := p.Plan.Provider.Endpoint(p.Plan.Service)
	next.Endpoint = &v1alpha1.ServiceEndpoint{Host: endpoint.Host, Port: endpoint.Port}
	next.Certificate = nil
	if a.Certificate != nil && p.Plan.Service.TLS != v1alpha1.TLSDisabled {
		next.Certificate = &v1alpha1.CertificateStatus{Renewal: a.Renewal}
		if end := a.Certificate.Expires(); !end.IsZero() {
			next.Certificate.ExpiresAt = &metav1.Time{Time: end}
		}
	}
	next.ClaimedBy, next.Binding = p.Plan.Claimant, nil
	if claim := p.Plan.Claimant; claim != nil {
		if c := a.Find(p.Plan.Service.Namespace, claim.Stack, claim.Entry); c != nil && !c.Departed {
			next.Binding = &v1alpha1.BindingReference{Name: c.Current().Binding}
		}
	}
}

// verdict sums up the verdicts on workloads.
func (p *ServicePass) verdict(verdicts []Verdict) Verdict {
	switch {
	case p.Err != nil:
		return ofError(p.Err)
	case p.State == nil || p.Output == nil:
		return notReady(v1alpha1.ReasonProgressing, "nothing was observed yet")
	}
	if verdict, found := worst(verdicts); found {
		return verdict
	}
	switch {
	case p.Plan.Service.Suspended:
		return Verdict{Resting: true, Reason: v1alpha1.ReasonSuspended,
			Message: "spec.suspend is set; the data is kept. Unset it to go on"}
	case p.Plan.Service.Recovery != nil:
		return notReady(v1alpha1.ReasonRestoring, "its data is being made from a backup")
	case len(verdicts) == 0:
		return notReady(v1alpha1.ReasonProgressing, "its objects are being made")
	case p.Output.Progress != "":
		return notReady(v1alpha1.ReasonProgressing, p.Output.Progress)
	}
	return ready(p.Plan.Service.Engine + " answers")
}

// verdicts are those on everything that the service is Ready with.
func (p *ServicePass) verdicts() []Verdict {
	verdicts := p.serviceVerdicts()
	for _, verdict := range []*Verdict{p.topologyVerdict(), p.extensionsVerdict(), p.upgradeVerdict()} {
		if verdict != nil {
			verdicts = append(verdicts, *verdict)
		}
	}
	if p.Output != nil && p.Output.Members != "" && p.State != nil {
		verdicts = append(verdicts, p.membersVerdict())
	}
	return verdicts
}

// membersVerdict is the verdict on the Job that makes a set have its members. Whoever has a login goes on meanwhile.
func (p *ServicePass) membersVerdict() Verdict {
	i := slices.IndexFunc(p.State.Workloads, func(w observe.Workload) bool { return w.Kind == "Job" && w.Name == p.Output.Members })
	if i < 0 {
		return notReady(v1alpha1.ReasonProgressing, "its members are about to be counted")
	}
	return ofPart(p.State.Workloads[i])
}

// extensionsVerdict is the verdict on a Job that made all but an extension; nil where there is none.
func (p *ServicePass) extensionsVerdict() *Verdict {
	if p.State == nil || p.Output == nil {
		return nil
	}
	for _, w := range p.State.Workloads {
		if w.Name == p.Output.Provisioning && w.LacksExtensions() {
			verdict := ofPart(w)
			return &verdict
		}
	}
	return nil
}

// serviceVerdicts are those on the workloads that count for every stack that uses the service: what is declared in a broker is
// not among them, nor is an extension that a database lacks.
func (p *ServicePass) serviceVerdicts() []Verdict {
	if p.State == nil || p.Output == nil {
		return nil
	}
	var verdicts []Verdict
	for _, w := range p.State.Workloads {
		if p.counts(w) && !w.LacksExtensions() {
			verdicts = append(verdicts, ofPart(w))
		}
	}
	return verdicts
}

// ofPart is the verdict on a workload of a service.
func ofPart(w observe.Workload) Verdict {
	verdict := ofWorkload(strings.ToLower(w.Kind)+" "+w.Name, w)
	if w.Stuck && w.Report != nil {
		verdict.Message += "; when that is mended, delete the job: it is made again"
	}
	return verdict
}

// counts says whether a workload tells of the service: its servers do, what only tells of them does not, and of Jobs only the one of these inputs, when it has
// something to complain of, or when nobody has a login yet. Otherwise the service answers all who had a login before.
func (p *ServicePass) counts(w observe.Workload) bool {
	if w.Kind != "Job" {
		return !p.Exporter(w)
	}
	working := !w.Stuck && (w.Cause == nil || w.Cause.Reason == v1alpha1.ReasonProgressing)
	return w.Name == p.Output.Provisioning && (!working || !someReady(p.Plan.View.Status.Consumers))
}

func someReady(consumers []v1alpha1.ConsumerStatus) bool {
	return slices.ContainsFunc(consumers, func(c v1alpha1.ConsumerStatus) bool { return c.Ready == metav1.ConditionTrue })
}

// provisioned says whether the Job that makes the logins of these inputs has succeeded.
func (p *ServicePass) provisioned() bool {
	if p.Output == nil || p.State == nil {
		return false
	}
	return p.Output.Provisioning == "" || slices.ContainsFunc(p.State.Workloads, func(w observe.Workload) bool {
		return w.Kind == "Job" && w.Name == p.Output.Provisioning && (w.RolledOut || w.LacksExtensions())
	})
}

// serving says whether every StatefulSet and Deployment that should run has a ready pod, or the one that speaks for all.
func (p *ServicePass) serving() bool {
	if p.State == nil {
		return false
	}
	serving := false
	for _, w := range p.State.Workloads {
		if w.Kind == "Job" || w.Wanted == 0 || p.Exporter(w) || p.Output != nil && p.Output.Front != "" && w.Name != p.Output.Front {
			continue
		}
		if w.Ready == 0 {
			return false
		}
		serving = true
	}
	return serving
}

// consumers tells each stack of its binding, and whether the login works: it does once the Job that makes it has succeeded, and
// from then on while the binding is the same, whoever else comes or goes.
func (p *ServicePass) consumers(next *v1alpha1.DataServiceStatus, before []v1alpha1.ConsumerStatus, verdict Verdict) {
	if p.Plan.Anchor == nil || p.Plan.Service == nil {
		return
	}
	provisioned := p.provisioned()
	next.Consumers = slices.Clone(p.Plan.Refused)
	for i := range p.Plan.Anchor.Consumers {
		if c := &p.Plan.Anchor.Consumers[i]; !c.Departed {
			next.Consumers = append(next.Consumers, consumer(c, verdict, provisioned || wasReady(before, c)))
		}
	}
	slices.SortFunc(next.Consumers, func(a, b v1alpha1.ConsumerStatus) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Entry, b.Entry))
	})
}

// wasReady says whether a consumer's login of this binding and access is known to work.
func wasReady(before []v1alpha1.ConsumerStatus, c *anchor.Consumer) bool {
	return slices.ContainsFunc(before, func(old v1alpha1.ConsumerStatus) bool {
		return old.Namespace == c.Namespace && old.Stack == c.Stack && old.Entry == c.Entry && old.Access == c.Access &&
			old.Ready == metav1.ConditionTrue && old.Binding != nil && old.Binding.Name == c.Current().Binding
	})
}

func consumer(c *anchor.Consumer, verdict Verdict, login bool) v1alpha1.ConsumerStatus {
	result := v1alpha1.ConsumerStatus{
		Namespace: c.Namespace, Stack: c.Stack, Entry: c.Entry, Access: c.Access, Database: c.Database,
		Binding: &v1alpha1.BindingReference{Name: c.Current().Binding},
		Ready:   metav1.ConditionFalse, Reason: verdict.Reason,
	}
	if made := c.Current().MadeAt(); !made.IsZero() {
		result.MadeAt = &metav1.Time{Time: made}
	}
	if c.Moving() {
		result.Earlier = &v1alpha1.BindingReference{Name: c.Previous.Binding}
	}
	switch {
	case verdict.Ready && login:
		result.Ready = metav1.ConditionTrue
	case verdict.Ready:
		result.Reason = v1alpha1.ReasonProgressing
	}
	return result
}

func sorted(verdicts []v1alpha1.CapabilityVerdict) []v1alpha1.CapabilityVerdict {
	result := slices.Clone(verdicts)
	slices.SortStableFunc(result, func(a, b v1alpha1.CapabilityVerdict) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Subject, b.Subject))
	})
	return result
}
