package status_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// TestTopology: the broker is Ready when what is declared is there; a stack that uses it has its login all the same.
func TestTopology(t *testing.T) {
	differs := &observe.Cause{Reason: v1alpha1.ReasonTopologyDiffers, Message: "virtual host shop, queue new: x-queue-type is quorum"}
	refused := &observe.Cause{Reason: v1alpha1.ReasonTopologyRefused, Message: "virtual host shop, policy all: no"}
	for _, c := range []struct {
		what      string
		job       observe.Workload
		suspended bool
		topology  string
		ready     string
		other     string
		words     string
	}{
		{"it is there", observe.Workload{RolledOut: true}, false, v1alpha1.ReasonDeclared, "+Ready", "", ""},
		{"it is being made", observe.Workload{}, false, v1alpha1.ReasonProgressing, v1alpha1.ReasonProgressing, v1alpha1.ConditionReconciling, ""},
		{"a queue differs", observe.Workload{Cause: differs}, false, v1alpha1.ReasonTopologyDiffers, v1alpha1.ReasonTopologyDiffers, v1alpha1.ConditionStalled, "queue new"},
		{"the broker refuses", observe.Workload{Cause: refused}, false, v1alpha1.ReasonTopologyRefused, v1alpha1.ReasonTopologyRefused, v1alpha1.ConditionReconciling, "policy all"},
		{
			"it was tried long enough", observe.Workload{Cause: refused, Stuck: true, Report: &observe.Report{}}, false,
			v1alpha1.ReasonTopologyRefused, v1alpha1.ReasonTopologyRefused, v1alpha1.ConditionStalled, "delete the job",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.job.Kind, c.job.Name = "Job", "topology"
			p := topologyPass("topology", c.job)
			got := status.Service(p, now)
			check(t, got.Conditions, c.ready, true, c.other, c.words)
			told := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionTopologyReady)
			if told == nil || told.Reason != c.topology || (told.Status == metav1.ConditionTrue) != c.job.RolledOut || !strings.Contains(told.Message, c.words) {
				t.Errorf("the topology is %+v", told)
			}
			if len(got.Consumers) != 1 || got.Consumers[0].Ready != metav1.ConditionTrue {
				t.Errorf("consumers %+v", got.Consumers)
			}
		})
	}
}

// TestTopologyGoes: the condition goes with what is declared, and outlasts a stop.
func TestTopologyGoes(t *testing.T) {
	told := func(p status.ServicePass) bool {
		p.Plan.View.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionTopologyReady, Status: metav1.ConditionFalse, Reason: "x"}}
		return meta.FindStatusCondition(status.Service(p, now).Conditions, v1alpha1.ConditionTopologyReady) != nil
	}
	if told(topologyPass("")) {
		t.Error("it stays though nothing is declared")
	}
	suspended := topologyPass("")
	suspended.Plan.Service.Suspended = true
	failed := topologyPass("topology")
	failed.Output = nil
	if !told(suspended) || !told(failed) {
		t.Error("it goes though nobody looked")
	}
}

// TestDeclaredByOthers: a queue or an extension that the owner of a shared service cannot have does not concern the stacks that use it.
func TestDeclaredByOthers(t *testing.T) {
	topology := metav1.Condition{Type: v1alpha1.ConditionTopologyReady, Status: metav1.ConditionFalse, Reason: "x"}
	extensions := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonExtensionsFailed}
	for _, lacking := range []metav1.Condition{topology, extensions} {
		for _, c := range []struct{ inline, login bool }{{true, true}, {false, true}, {false, false}} {
			entry := dependency(2, 2, metav1.ConditionFalse, nil)
			meta.SetStatusCondition(&entry.Service.Status.Conditions, lacking)
			entry.Inline, entry.Consumer = c.inline, &v1alpha1.ConsumerStatus{Ready: metav1.ConditionFalse}
			if c.login {
				entry.Consumer.Ready = metav1.ConditionTrue
			}
			p := pass(up)
			p.Plan.Object.Spec.Databases = []v1alpha1.DatabaseEntry{{Name: "main"}}
			p.Plan.Entries = []resolve.EntryState{entry}
			ready := meta.IsStatusConditionTrue(status.Stack(p, now).Conditions, v1alpha1.ConditionReady)
			if ready != (c.login && !c.inline) {
				t.Errorf("%s %s, inline %v, login %v: Ready is %v", lacking.Type, lacking.Reason, c.inline, c.login, ready)
			}
		}
	}
}

func topologyPass(job string, workloads ...observe.Workload) status.ServicePass {
	queue := &v1alpha1.StackQueue{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "main", Generation: 2}}
	return status.ServicePass{
		Plan: &resolve.ServicePlan{
			View: resolve.ViewOf(queue), Class: &resolve.Class{}, Service: &part.Service{Namespace: "shop", Name: "main", Engine: "RabbitMQ"},
			Provider: part.Provider{Endpoint: func(*part.Service) part.Endpoint { return part.Endpoint{} }},
			Anchor:   &anchor.Anchor{Consumers: []anchor.Consumer{{Namespace: "shop", Stack: "shop", Entry: "main"}}},
		},
		Output: &part.Output{Provisioning: "logins", Topology: job},
		State: &observe.State{Workloads: append(workloads,
			observe.Workload{Kind: "StatefulSet", Name: "main", Wanted: 1, Ready: 1, RolledOut: true},
			observe.Workload{Kind: "Job", Name: "logins", RolledOut: true})},
	}
}
