package policytest

import (
	"errors"
	"testing"
	"time"

	kstatus "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// stackIn is a stack with one component, and the status that the operator derives from its workload and error.
func stackIn(workload observe.Workload, err error) *v1alpha1.BackendStack {
	stack := &v1alpha1.BackendStack{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "BackendStack"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", Generation: 3},
	}
	stack.Spec.Components = []v1alpha1.Component{{Name: "web"}}
	workload.Kind, workload.Name = "Deployment", "shop-web"
	stack.Status = status.Stack(status.StackPass{
		Plan:   &resolve.StackPlan{Object: stack, Class: &resolve.Class{}, Stack: &part.Stack{}},
		Output: &part.Output{}, State: &observe.State{Workloads: []observe.Workload{workload}}, Err: err,
	}, time.Unix(0, 0))
	return stack
}

// TestKstatus: Flux, Helm and kubectl plug-ins that wait read our conditions without configuration.
func TestKstatus(t *testing.T) {
	up := observe.Workload{Wanted: 2, Ready: 2, RolledOut: true}
	starting := observe.Workload{Wanted: 2}
	fresh := stackIn(up, nil)
	fresh.Status = v1alpha1.BackendStackStatus{ObservedGeneration: -1} // the default of the schema
	edited := stackIn(up, nil)
	edited.Generation++
	for _, c := range []struct {
		what  string
		stack *v1alpha1.BackendStack
		want  kstatus.Status
	}{
		{"ready", stackIn(up, nil), kstatus.CurrentStatus},
		{"just created", fresh, kstatus.InProgressStatus},
		{"edited, not yet looked at", edited, kstatus.InProgressStatus},
		{"starting", stackIn(starting, nil), kstatus.InProgressStatus},
		{"an image that cannot be pulled", stackIn(observe.Workload{Wanted: 2, Cause: &observe.Cause{Reason: "ImagePullFailed", Message: "x"}}, nil), kstatus.InProgressStatus},
		{"a rollout that failed", stackIn(observe.Workload{Wanted: 2, Ready: 1, Stuck: true}, nil), kstatus.FailedStatus},
		{"an invalid spec", stackIn(up, part.Invalid("Invalid", "no")), kstatus.FailedStatus},
		{"something has to happen first", stackIn(up, part.Waiting("ClassNotFound", 0, "no")), kstatus.InProgressStatus},
		{"an error that is retried", stackIn(up, errors.New("boom")), kstatus.InProgressStatus},
	} {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(c.stack)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kstatus.Compute(&unstructured.Unstructured{Object: content})
		if err != nil || got.Status != c.want {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}
