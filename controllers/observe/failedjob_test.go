package observe_test

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
)

// TestAFailedJobIsHeardThoughTheCacheIsBehind: the end of a Job may be seen before that of its pod, and the verdict on a backup is final.
func TestAFailedJobIsHeardThoughTheCacheIsBehind(t *testing.T) {
	labels := map[string]string{batchv1.JobNameLabel: "main-backup-1"}
	ended := func(kind batchv1.JobConditionType) *batchv1.Job {
		return &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "main-backup-1"},
			Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}}},
			Status:     batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: kind, Status: corev1.ConditionTrue}}},
		}
	}
	running := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "main-backup-1-x", Labels: labels}}
	failed := running.DeepCopy()
	failed.Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 1, Message: `{"reason":"TargetFull","message":"the place of the backups is full"}`,
	}}}}
	for name, test := range map[string]struct {
		job          *batchv1.Job
		cached, live *corev1.Pod
		want         string
	}{
		"the cache is behind":  {ended(batchv1.JobFailed), running, failed, v1alpha1.ReasonTargetFull},
		"the cache has it":     {ended(batchv1.JobFailed), failed, running, v1alpha1.ReasonTargetFull},
		"the pod said nothing": {ended(batchv1.JobFailed), running, running, v1alpha1.ReasonJobFailed},
		"it succeeded":         {ended(batchv1.JobComplete), running, failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			observer := &observe.Observer{
				Cache: fake.NewClientBuilder().WithObjects(test.job, test.cached).Build(),
				Live:  fake.NewClientBuilder().WithObjects(test.live).Build(),
			}
			state, err := observer.Job(t.Context(), client.ObjectKeyFromObject(test.job))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if cause := state.Workloads[0].Cause; cause != nil {
				got = cause.Reason
			}
			if got != test.want {
				t.Errorf("the cause is %q, not %q", got, test.want)
			}
		})
	}
}
