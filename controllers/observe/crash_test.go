package observe

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRecentCrash: a worker without probes is ready to Kubernetes between two crashes; it is not to its users.
func TestRecentCrash(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	labels := map[string]string{"app.kubernetes.io/name": "w", "app.kubernetes.io/instance": "s", "app.kubernetes.io/component": "component"}
	worker := &appsv1.Deployment{}
	worker.Spec.Template.Labels = labels
	worker.Spec.Template.Spec.Containers = []corev1.Container{{Name: "w"}}
	pod := func(exit int32, running time.Duration) []corev1.Pod {
		return []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Status: corev1.PodStatus{
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "w", Ready: true, RestartCount: 1,
				State:                corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-running))}},
				LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exit}},
			}},
		}}}
	}
	for name, c := range map[string]struct {
		pods []corev1.Pod
		want bool
	}{
		"just restarted after an error":   {pod(1, time.Second), true},
		"has run for a while":             {pod(1, time.Minute), false},
		"ended without an error":          {pod(0, time.Second), false},
		"pods of another one are no sign": {nil, false},
	} {
		if got := recentCrash(worker, c.pods, now); (got != nil) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	worker.Spec.Template.Spec.Containers[0].ReadinessProbe = &corev1.Probe{}
	if got := recentCrash(worker, pod(1, time.Second), now); got != nil {
		t.Errorf("a probe tells better: %v", got)
	}
}
