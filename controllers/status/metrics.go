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

// metricsVerdict is the verdict on what tells of the servers; nil where nothing has to.
func (p *ServicePass) metricsVerdict() *Verdict {
	if p.Output == nil || p.State == nil || !p.told() {
		return nil
	}
	verdicts := p.tellers()
	verdict, found := worst(verdicts)
	switch {
	case found:
	case len(verdicts) == 0 || len(verdicts) < len(p.Output.Exporters):
		verdict = notReady(v1alpha1.ReasonProgressing, "the exporters are about to be made")
	default:
		verdict = Verdict{Ready: true, Reason: v1alpha1.ReasonTelling, Message: "what tells of the servers runs"}
	}
	return &verdict
}

// told says whether somebody asks for metrics of servers that should run.
func (p *ServicePass) told() bool {
	s := p.Plan.Service
	return s.Metrics != nil && !s.Suspended && s.Recovery == nil
}

// tellers are the verdicts on the exporters, or on the servers that tell of themselves.
func (p *ServicePass) tellers() []Verdict {
	var verdicts []Verdict
	for _, w := range p.State.Workloads {
		if p.Exporter(w) || len(p.Output.Exporters) == 0 && w.Kind == "StatefulSet" {
			verdicts = append(verdicts, ofPart(w))
		}
	}
	return verdicts
}

// Exporter says whether a workload only tells of the servers: the service is Ready without it.
func (p *ServicePass) Exporter(w observe.Workload) bool {
	return w.Kind == "StatefulSet" && p.Output != nil && slices.Contains(p.Output.Exporters, w.Name)
}
