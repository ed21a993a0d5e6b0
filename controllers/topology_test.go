package controllers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// TestTopologyIsTold: what the Job of a topology complains of stands in the conditions while it waits to be tried again, and goes
// with what is declared.
func TestTopologyIsTold(t *testing.T) {
	w := newWorld(t)
	w.apply("apiVersion: stackwright.dev/v1alpha1\nkind: StackQueue\nmetadata: {name: jobs}\nspec:\n  engine: RabbitMQ\n" +
		"  vhosts:\n  - {name: orders, queues: [{name: new}]}\n")
	w.start(settings{})
	queue := &v1alpha1.StackQueue{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "jobs"}}
	w.condition(queue, v1alpha1.ConditionTopologyReady, metav1.ConditionTrue, v1alpha1.ReasonDeclared)
	before := w.topologyJobs(1)

	w.workloadsStay.Store(true)
	edit(w, "jobs", queue, func(q *v1alpha1.StackQueue) { q.Spec.VHosts[0].Queues[0].Type = v1alpha1.QueueClassic })
	w.eventually("there is another job", func() error {
		if jobs := w.topologyJobs(1); jobs[0].Name == before[0].Name {
			return errors.New("it is " + jobs[0].Name)
		}
		return nil
	})
	w.complains(&w.topologyJobs(1)[0], `{"reason":"TopologyDiffers","message":"virtual host orders, queue new: x-queue-type is quorum"}`)
	told := w.condition(queue, v1alpha1.ConditionTopologyReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyDiffers)
	if !strings.Contains(told.Message, "queue new") {
		t.Errorf("%+v", told)
	}
	w.condition(queue, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyDiffers)
	w.condition(queue, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTopologyDiffers)

	edit(w, "jobs", queue, func(q *v1alpha1.StackQueue) { q.Spec.VHosts = nil })
	w.condition(queue, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if meta.FindStatusCondition(queue.Status.Conditions, v1alpha1.ConditionTopologyReady) != nil {
		t.Errorf("%+v", queue.Status.Conditions)
	}
}

// topologyJobs waits until there are so many Jobs that make what is declared.
func (w *world) topologyJobs(count int) []batchv1.Job {
	w.t.Helper()
	jobs := &batchv1.JobList{}
	w.eventually("jobs of the topology", func() error {
		err := w.client.List(w.t.Context(), jobs, client.InNamespace(w.own), client.MatchingLabels{kit.LabelComponent: "topology"})
		jobs.Items = slices.DeleteFunc(jobs.Items, func(j batchv1.Job) bool { return !j.DeletionTimestamp.IsZero() })
		if err == nil && len(jobs.Items) != count {
			err = errors.New("there are others")
		}
		return err
	})
	return jobs.Items
}

// complains makes the pod of a Job whose container has failed and waits to be started again.
func (w *world) complains(job *batchv1.Job, report string) {
	w.t.Helper()
	labels := kit.With(job.Spec.Template.Labels, map[string]string{batchv1.JobNameLabel: job.Name})
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, GenerateName: job.Name + "-", Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "topology", Image: "rabbitmq"}}},
	}
	w.must(w.client.Create(w.t.Context(), pod))
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "topology", Image: "rabbitmq", RestartCount: 1,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: report}},
	}}
	w.must(w.client.Status().Update(w.t.Context(), pod))
}
