package controllers_test

import (
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// TestMembersLeaveBeforeTheirPods: pods come at once, and go only once the set counts without them; what may have a vote is recorded
// before it can get one. A member more or less makes no login anew.
func TestMembersLeaveBeforeTheirPods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(`
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: MongoDB, replicas: 2}
  components:
  - {name: web, image: "ghcr.io/acme/shop:1.4.2", port: 8080, uses: [main]}
`)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	w.hasPods(3)
	w.recordsMembers(3)
	login := w.anchorOf("shop-main").Consumers[0].Set.Secret

	jobs, all := w.standing()
	w.asksForCopies(0)
	w.membersJob("1")
	w.condition(databaseNamed("shop-main"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing)
	op.quiet()
	w.hasPods(3)
	w.recordsMembers(3)
	jobs()
	w.recordsMembers(1)
	w.hasPods(1)
	all()
	w.run(t.Context(), get(w, "shop-main", &appsv1.StatefulSet{}))
	w.ready("shop")
	op.quiet()

	// One that was asked for and is not any more may have come to a vote in between.
	jobs, all = w.standing()
	w.asksForCopies(4)
	w.hasPods(5)
	w.recordsMembers(5)
	w.asksForCopies(1)
	w.membersJob("2")
	op.quiet()
	w.hasPods(5)
	jobs()
	w.hasPods(2)
	w.recordsMembers(2)
	all()
	w.run(t.Context(), get(w, "shop-main", &appsv1.StatefulSet{}))
	w.ready("shop")
	if now := w.anchorOf("shop-main").Consumers[0].Set.Secret; now != login {
		t.Errorf("the login %s became %s", login, now)
	}
}

func (w *world) asksForCopies(count int32) {
	w.t.Helper()
	edit(w, "shop", &v1alpha1.BackendStack{}, func(s *v1alpha1.BackendStack) { s.Spec.Databases[0].Replicas = &count })
}

func (w *world) hasPods(count int32) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d pods", count), func() error {
		if got := *get(w, "shop-main", &appsv1.StatefulSet{}).Spec.Replicas; got != count {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

func (w *world) recordsMembers(count int32) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d members are recorded", count), func() error {
		if got := w.anchorOf("shop-main").Members; got != count {
			return fmt.Errorf("%d", got)
		}
		return nil
	})
}

// membersJob waits for the Job that makes the set have so many members, and for the end of any other.
func (w *world) membersJob(count string) {
	w.t.Helper()
	w.eventually("the job for "+count+" members", func() error {
		jobs := &batchv1.JobList{}
		err := w.client.List(w.t.Context(), jobs, client.InNamespace(w.own), client.MatchingLabels{kit.LabelComponent: "members"})
		if err != nil {
			return err
		}
		if len(jobs.Items) != 1 {
			return fmt.Errorf("%d jobs", len(jobs.Items))
		}
		for _, env := range jobs.Items[0].Spec.Template.Spec.Containers[0].Env {
			if env.Name == "MEMBERS" && env.Value == count {
				return nil
			}
		}
		return errors.New("it is for another number")
	})
}
