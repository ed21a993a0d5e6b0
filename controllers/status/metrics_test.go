package status_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/status"
)

// TestMetrics: whether an exporter runs is told, and takes nothing from the service or the stacks that use it.
func TestMetrics(t *testing.T) {
	absent := &observe.Cause{Reason: v1alpha1.ReasonImagePullFailed, Message: "image absent:1"}
	for _, c := range []struct {
		what      string
		exporters []string
		exporter  []observe.Workload
		reason    string
		words     string
	}{
		{"it runs", []string{"main-metrics"}, []observe.Workload{{Wanted: 1, Ready: 1, RolledOut: true}}, v1alpha1.ReasonTelling, ""},
		{"it starts", []string{"main-metrics"}, []observe.Workload{{Wanted: 1}}, v1alpha1.ReasonProgressing, "main-metrics"},
		{"it was not seen yet", []string{"main-metrics"}, nil, v1alpha1.ReasonProgressing, "about to be made"},
		{"it cannot start", []string{"main-metrics"}, []observe.Workload{{Wanted: 1, Cause: absent}}, v1alpha1.ReasonImagePullFailed, "absent:1"},
		{"the servers tell themselves", nil, nil, v1alpha1.ReasonTelling, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			for i := range c.exporter {
				c.exporter[i].Kind, c.exporter[i].Name = "StatefulSet", "main-metrics"
			}
			p := topologyPass("", c.exporter...)
			p.Plan.Service.Metrics, p.Output.Exporters = &part.Metrics{}, c.exporters
			got := status.Service(p, now)
			check(t, got.Conditions, "+Ready", true, "", "")
			told := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionMetricsReady)
			if told == nil || told.Reason != c.reason || (told.Status == metav1.ConditionTrue) != (c.reason == v1alpha1.ReasonTelling) ||
				!strings.Contains(told.Message, c.words) {
				t.Errorf("the metrics are %+v", told)
			}
			if len(got.Consumers) != 1 || got.Consumers[0].Ready != metav1.ConditionTrue {
				t.Errorf("consumers %+v", got.Consumers)
			}
		})
	}
}

// TestMetricsGo: the condition goes with the metrics and while the service is stopped, and stays where nobody looked.
func TestMetricsGo(t *testing.T) {
	told := func(change func(*status.ServicePass)) bool {
		p := topologyPass("")
		p.Plan.Service.Metrics = &part.Metrics{}
		change(&p)
		p.Plan.View.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionMetricsReady, Status: metav1.ConditionFalse, Reason: "x"}}
		return meta.FindStatusCondition(status.Service(p, now).Conditions, v1alpha1.ConditionMetricsReady) != nil
	}
	if told(func(p *status.ServicePass) { p.Plan.Service.Metrics = nil }) || told(func(p *status.ServicePass) { p.Plan.Service.Suspended = true }) {
		t.Error("it stays though nothing tells")
	}
	if !told(func(p *status.ServicePass) { p.Output = nil }) {
		t.Error("it goes though nobody looked")
	}
}
