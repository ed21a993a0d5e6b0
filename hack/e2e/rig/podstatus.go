package rig

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/kit"
)

type runtimeObject = runtime.Object

// archive is what the pods of backups say of the archive that they made, or whose restore they tried.
const archive = `{"archive":"20260102-030405-abcde","engine":"PostgreSQL","version":"17","bytes":91845,"rows":5005,"sha256":"` +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `"}`

// forever says that a pod is not to end by itself.
func forever(pod *corev1.Pod) bool { return pod.Spec.RestartPolicy == corev1.RestartPolicyAlways }

// shows says whether a pod's status is that of its fate already.
func shows(pod *corev1.Pod, fate Fate) bool {
	if len(pod.Status.ContainerStatuses) == 0 {
		return false
	}
	first := pod.Status.ContainerStatuses[0]
	switch fate {
	case NoImage, Crashes:
		return first.State.Waiting != nil
	case Starts:
		return first.State.Running != nil && !first.Ready
	case NoNode:
		return true
	}
	return forever(pod) && first.Ready
}

// show writes the status of a pod's fate.
func (n *Nodes) show(ctx context.Context, pod *corev1.Pod, fate Fate) error {
	before, now := pod.DeepCopy(), metav1.Now()
	s := &pod.Status
	s.StartTime, s.HostIP, s.PodIP = &now, "198.51.100.10", "192.0.2.10"
	s.HostIPs, s.PodIPs = []corev1.HostIP{{IP: s.HostIP}}, []corev1.PodIP{{IP: s.PodIP}}
	state, ready := stateOf(pod, fate, now), fate == Serves
	s.Phase = phaseOf(pod, fate)
	s.InitContainerStatuses = containerStatuses(pod.Spec.InitContainers, state, ready)
	s.ContainerStatuses = containerStatuses(pod.Spec.Containers, state, ready)
	serves := ready && forever(pod)
	for kind, holds := range map[corev1.PodConditionType]bool{
		corev1.PodScheduled: true, corev1.PodInitialized: true, corev1.ContainersReady: serves, corev1.PodReady: serves,
	} {
		setCondition(s, kind, holds, now)
	}
	return n.client.Status().Patch(ctx, pod, client.MergeFrom(before))
}

func phaseOf(pod *corev1.Pod, fate Fate) corev1.PodPhase {
	switch {
	case fate == NoImage:
		return corev1.PodPending
	case forever(pod) || fate == Starts:
		return corev1.PodRunning
	case fate == Crashes:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

func stateOf(pod *corev1.Pod, fate Fate, now metav1.Time) corev1.ContainerState {
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	ended := func(code int32, reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, Message: message, StartedAt: now, FinishedAt: now,
		}}
	}
	switch {
	case fate == NoImage:
		return waiting("ImagePullBackOff", "the image cannot be pulled")
	case fate == Crashes && forever(pod):
		return waiting("CrashLoopBackOff", "back-off restarting failed container")
	case fate == Crashes:
		return ended(1, "Error", "")
	case fate == Serves && !forever(pod):
		return ended(0, "Completed", reportOf(pod))
	}
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
}

// reportOf is the termination message of a pod of a Job that succeeds.
func reportOf(pod *corev1.Pod) string {
	if role := pod.Labels[kit.LabelComponent]; role == kit.BackupRole || role == kit.VerifyRole {
		return archive
	}
	return ""
}

func containerStatuses(containers []corev1.Container, state corev1.ContainerState, ready bool) []corev1.ContainerStatus {
	statuses := make([]corev1.ContainerStatus, 0, len(containers))
	for _, c := range containers {
		running := state.Running != nil
		statuses = append(statuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: "simulated", State: state, Ready: ready, Started: &running,
		})
	}
	return statuses
}

func setCondition(s *corev1.PodStatus, kind corev1.PodConditionType, holds bool, now metav1.Time) {
	condition := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: now}
	if holds {
		condition.Status = corev1.ConditionTrue
	}
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			s.Conditions[i] = condition
			return
		}
	}
	s.Conditions = append(s.Conditions, condition)
}
