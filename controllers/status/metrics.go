package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
)

// metrics writes whether what tells of the servers runs. The condition goes when nobody asks for metrics any more, and while the
// servers are stopped; when a pass ends early, it stays as it was.
func (p *ServicePass) metrics(c *conditions) {
	switch verdict := p.metricsVerdict(); {
	case verdict != nil:
		c.verdict(v1alpha1.ConditionMetricsReady, *verdict)
	case p.Output != nil && p.State != nil:
		meta.RemoveStatusCondition(&c.list, v1alpha1.ConditionMetricsReady)
	}
}

// metricsVerdict is the verdict on the exporters, or on the servers that tell of themselves; nil where there are none.
func (p *ServicePass) metricsVerdict() *Verdict {
	if p.Output == nil || p.State == nil || p.Plan.Service.Metrics == nil || p.Plan.Service.Suspended || p.Plan.Service.Recovery != nil {
		return nil
	}
	verdicts := make([]Verdict, 0, len(p.Output.Exporters))
	for _, w := range p.State.Workloads {
		if p.Exporter(w) || len(p.Output.Exporters) == 0 && w.Kind == "StatefulSet" {
			verdicts = append(verdicts, ofPart(w))
		}
	}
	verdict, found := worst(verdicts)
	switch {
	case found:
	case len(verdicts) < len(p.Output.Exporters) || len(verdicts) == 0:
		verdict = notReady(v1alpha1.ReasonProgressing, "the exporters are about to be made")
	default:
		verdict = Verdict{Ready: true, Reason: v1alpha1.ReasonTelling, Message: "what tells of the servers runs"}
	}
	return &verdict
}

// Exporter says whether a workload only tells of the servers: the service is Ready without it.
func (p *ServicePass) Exporter(w observe.Workload) bool {
	return w.Kind == "StatefulSet" && p.Output != nil && slices.Contains(p.Output.Exporters, w.Name)
}
