package main

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// statuses describes each container by the state that choose gives it.
func statuses(containers []corev1.Container, choose func(corev1.Container) corev1.ContainerState) []corev1.ContainerStatus {
	all := make([]corev1.ContainerStatus, 0, len(containers))
	for _, c := range containers {
		state := choose(c)
		up := state.Running != nil
		status := corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: "simulated", ContainerID: "simulated://" + c.Name,
			State: state, Ready: up || state.Terminated != nil && state.Terminated.ExitCode == 0, Started: &up,
		}
		if state.Waiting != nil {
			status.RestartCount = 1
		}
		all = append(all, status)
	}
	return all
}

func running(since metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}
}

func terminated(at metav1.Time, code int32) corev1.ContainerState {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: at, FinishedAt: at, ContainerID: "simulated://ended",
	}}
}

func crashing() corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "CrashLoopBackOff", Message: "simulated by annotation " + FailAnnotation,
	}}
}

// setConditions sets the conditions that a kubelet sets. Readiness gates hold a
// pod back until the condition that each names is true.
func setConditions(pod *corev1.Pod, serves bool, now metav1.Time) {
	ready := serves && gatesOpen(pod)
	setCondition(pod, corev1.PodInitialized, true, now)
	setCondition(pod, corev1.PodReadyToStartContainers, true, now)
	setCondition(pod, corev1.ContainersReady, serves, now)
	setCondition(pod, corev1.PodReady, ready, now)
}

func gatesOpen(pod *corev1.Pod) bool {
	for _, gate := range pod.Spec.ReadinessGates {
		open := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == gate.ConditionType && c.Status == corev1.ConditionTrue
		})
		if !open {
			return false
		}
	}
	return true
}

func setCondition(pod *corev1.Pod, kind corev1.PodConditionType, holds bool, now metav1.Time) {
	condition := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: now}
	if holds {
		condition.Status = corev1.ConditionTrue
	}
	for i, have := range pod.Status.Conditions {
		if have.Type == kind {
			pod.Status.Conditions[i] = condition
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, condition)
}
