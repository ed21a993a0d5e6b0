package observe

import (
	"reflect"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// moment is when the pods are looked at.
var moment = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func containerStatus(s *parttest.Source, text string) corev1.ContainerStatus {
	status := corev1.ContainerStatus{Name: s.Label(30), Image: text, Ready: s.Bool(), RestartCount: int32(s.Int(100))} //nolint:gosec // small
	switch s.Int(4) {
	case 1:
		status.State.Waiting = &corev1.ContainerStateWaiting{
			Reason:  parttest.Pick(s, "ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff", "InvalidImageName", text),
			Message: text,
		}
	case 2:
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(moment.Add(-time.Duration(s.Int(60)) * time.Second))}
	case 3:
		status.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: int32(s.Int(3)), Reason: parttest.Pick(s, "Error", "OOMKilled")} //nolint:gosec // small
	}
	if s.Bool() {
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: int32(s.Int(3))} //nolint:gosec // small
	}
	return status
}

// FuzzPods: whatever pods report, a cause has a reason and words of bounded length, and is the same in any order of a second look.
func FuzzPods(f *testing.F) {
	f.Add([]byte(nil), "")
	f.Add([]byte("some pods"), "rpc error: code = NotFound desc = failed to pull: 404")
	f.Add(slices.Repeat([]byte{1, 0, 5, 255}, 30), "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		s := parttest.NewSource(data)
		if len(text) > 512 { // what the kubelet reports of an image
			text = text[:512]
		}
		var pods []corev1.Pod
		for range s.Int(4) {
			pod := corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}
			for range s.Int(3) {
				pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, containerStatus(s, text))
			}
			for range s.Int(2) {
				pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, containerStatus(s, text))
			}
			if s.Int(4) == 1 {
				pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: text}}
			}
			pods = append(pods, pod)
		}
		cause := worst(pods, moment)
		if again := worst(pods, moment); !reflect.DeepEqual(cause, again) {
			t.Errorf("%+v, and then %+v", cause, again)
		}
		if cause != nil && (cause.Reason == "" || cause.Message == "" || len(cause.Message) > 900 || ranks[cause.Reason] == 0) {
			t.Errorf("%+v", cause)
		}
		recentCrash(&appsv1.Deployment{}, pods, moment)
		if refusal := refused(text); refusal.Reason == "" || len(refusal.Message) > 900 {
			t.Errorf("%+v", refusal)
		}
	})
}
