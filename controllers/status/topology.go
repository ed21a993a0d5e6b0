package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
)

// topology writes whether what is declared in a broker is there. The condition goes with the declaration; while the broker is
// stopped, or a pass ends early, it stays as it was.
func (p *ServicePass) topology(c *conditions) {
	switch verdict := p.topologyVerdict(); {
	case verdict != nil:
		c.verdict(v1alpha1.ConditionTopologyReady, *verdict)
	case p.Output != nil && !p.Plan.Service.Suspended:
		meta.RemoveStatusCondition(&c.list, v1alpha1.ConditionTopologyReady)
	}
}

// topologyVerdict is the verdict on the Job that makes what is declared in a broker; nil where there is none. What is there in
// another form stays so until somebody decides about it; the Job looks again from time to time, for when that was done.
func (p *ServicePass) topologyVerdict() *Verdict {
	if p.Output == nil || p.Output.Topology == "" || p.State == nil {
		return nil
	}
	i := slices.IndexFunc(p.State.Workloads, func(w observe.Workload) bool { return w.Kind == "Job" && w.Name == p.Output.Topology })
	if i < 0 {
		return &Verdict{Reason: v1alpha1.ReasonProgressing, Message: "what is declared is about to be made"}
	}
	job := p.State.Workloads[i]
	verdict := ofPart(job)
	if job.RolledOut {
		verdict.Reason, verdict.Message = v1alpha1.ReasonDeclared, "every queue, exchange, binding and policy is there as it is declared"
	}
	verdict.Stalled = verdict.Stalled || verdict.Reason == v1alpha1.ReasonTopologyDiffers
	return &verdict
}
