package harness

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

const pollInterval = 200 * time.Millisecond

// Conditioned is a resource of ours.
type Conditioned interface {
	client.Object
	GetConditions() *[]metav1.Condition
}

// Eventually polls until try says that it is done. At the deadline the test fails with what try saw last.
func Eventually(t testing.TB, limit time.Duration, what string, try func() (done bool, saw string)) {
	t.Helper()
	begin := time.Now()
	for {
		done, saw := try()
		if done {
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("%s: not within %s; last seen: %s", what, limit, saw)
		}
		time.Sleep(pollInterval)
	}
}

// Hold polls for a time and fails the test as soon as try says that it does not hold.
func Hold(t testing.TB, duration time.Duration, what string, try func() (holds bool, saw string)) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < duration; time.Sleep(pollInterval) {
		if holds, saw := try(); !holds {
			t.Fatalf("%s: not any more after %s: %s", what, time.Since(begin).Round(time.Millisecond), saw)
		}
	}
}

// Ready waits until the present generation of a stack is Ready.
func (n *Namespace) Ready(name string, limit time.Duration) *v1alpha1.BackendStack {
	n.t.Helper()
	stack := &v1alpha1.BackendStack{}
	n.Await(stack, name, v1alpha1.ConditionReady, metav1.ConditionTrue, "", limit)
	return stack
}

// Await waits until a condition of the present generation has a status and, if one is given, a reason.
func (n *Namespace) Await(
	object Conditioned, name, kind string, status metav1.ConditionStatus, reason string, limit time.Duration,
) *metav1.Condition {
	n.t.Helper()
	var found *metav1.Condition
	Eventually(n.t, limit, fmt.Sprintf("%T %s/%s with %s=%s %s", object, n.Name, name, kind, status, reason), func() (bool, string) {
		if err := n.Get(object, name); err != nil {
			return false, err.Error()
		}
		found = meta.FindStatusCondition(*object.GetConditions(), kind)
		if found == nil {
			return false, "no such condition"
		}
		done := found.Status == status && (reason == "" || found.Reason == reason) && found.ObservedGeneration == object.GetGeneration()
		return done, fmt.Sprintf("%s %s of generation %d of %d: %s",
			found.Status, found.Reason, found.ObservedGeneration, object.GetGeneration(), found.Message)
	})
	return found
}

func itemCount(list client.ObjectList) int { return meta.LenList(list) }
