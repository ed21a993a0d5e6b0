package observe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// ranks order causes: a deeper one explains the others.
var ranks = map[string]int{
	v1alpha1.ReasonImagePullFailed: 6, v1alpha1.ReasonConfigMissing: 5, v1alpha1.ReasonUnschedulable: 4,
	v1alpha1.ReasonStoragePending: 4, v1alpha1.ReasonCrashLoop: 3, v1alpha1.ReasonNotAnswering: 2, v1alpha1.ReasonProgressing: 1,
}

// startGrace is how long a container may run without answering before that is called a cause.
const startGrace = 30 * time.Second

// worst is the deepest cause among the pods of a workload; nil when all of them are ready.
func worst(pods []corev1.Pod, now time.Time) *Cause {
	var result *Cause
	for i := range pods {
		cause := podCause(&pods[i], now)
		if cause != nil && (result == nil || ranks[cause.Reason] > ranks[result.Reason]) {
			result = cause
		}
	}
	return result
}

func podCause(pod *corev1.Pod, now time.Time) *Cause {
	if cause := scheduling(pod); cause != nil {
		return cause
	}
	var result *Cause
	consider := func(statuses []corev1.ContainerStatus, cause func(*corev1.ContainerStatus) *Cause) {
		for i := range statuses {
			if c := cause(&statuses[i]); c != nil && (result == nil || ranks[c.Reason] > ranks[result.Reason]) {
				result = c
			}
		}
	}
	consider(pod.Status.InitContainerStatuses, initCause)
	consider(pod.Status.ContainerStatuses, func(s *corev1.ContainerStatus) *Cause { return containerCause(s, now) })
	return result
}

// initCause is the cause of a container that prepares the pod: one that runs is at work, one that succeeded is done.
func initCause(status *corev1.ContainerStatus) *Cause {
	if ended := status.State.Terminated; ended != nil && ended.ExitCode == 0 {
		return nil
	}
	if status.State.Running != nil {
		return &Cause{v1alpha1.ReasonProgressing, fmt.Sprintf("container %s prepares the pod", status.Name)}
	}
	return containerCause(status, time.Time{})
}

func scheduling(pod *corev1.Pod) *Cause {
	for _, condition := range pod.Status.Conditions {
		if condition.Type != corev1.PodScheduled || condition.Status != corev1.ConditionFalse {
			continue
		}
		if strings.Contains(condition.Message, "PersistentVolumeClaim") || strings.Contains(condition.Message, "persistentvolumeclaim") {
			return &Cause{v1alpha1.ReasonStoragePending, "its claim is not bound: " + tail(condition.Message)}
		}
		return &Cause{v1alpha1.ReasonUnschedulable,
			"no node takes its pod: " + withoutCounts(condition.Message) + "; add capacity, or choose a smaller size or another placement"}
	}
	return nil
}

// nodeCounts are the numbers of nodes in a message of the scheduler, which change with every neighbour.
var nodeCounts = regexp.MustCompile(`[0-9]+/[0-9]+ nodes are available: |\b[0-9]+ `)

// withoutCounts is what a message of the scheduler says of the nodes, without their numbers.
func withoutCounts(message string) string {
	message, _, _ = strings.Cut(message, " preemption:")
	return strings.TrimSuffix(tail(nodeCounts.ReplaceAllString(message, "")), ".")
}

func containerCause(status *corev1.ContainerStatus, now time.Time) *Cause {
	waiting := status.State.Waiting
	if waiting != nil {
		if cause := cannotStart(status, waiting); cause != nil {
			return cause
		}
	}
	if cause := crash(status); cause != nil {
		return cause
	}
	switch {
	case status.State.Running != nil && !status.Ready && now.Sub(status.State.Running.StartedAt.Time) < startGrace:
		return &Cause{v1alpha1.ReasonProgressing, fmt.Sprintf("container %s is starting", status.Name)}
	case status.State.Running != nil && !status.Ready:
		return &Cause{v1alpha1.ReasonNotAnswering, fmt.Sprintf(
			"container %s runs and does not answer its probe; check that it listens on the declared port and path, and read kubectl logs", status.Name)}
	case waiting != nil:
		return &Cause{v1alpha1.ReasonProgressing, fmt.Sprintf("container %s is starting", status.Name)}
	}
	return nil
}

// cannotStart says why a container waits that somebody has to do something about.
func cannotStart(status *corev1.ContainerStatus, waiting *corev1.ContainerStateWaiting) *Cause {
	switch waiting.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
		return imageCause(status)
	case "RunContainerError":
		return crash(&corev1.ContainerStatus{Name: status.Name, State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError", Message: waiting.Message},
		}})
	case "CreateContainerConfigError", "CreateContainerError":
		return &Cause{v1alpha1.ReasonConfigMissing, fmt.Sprintf(
			"container %s cannot start: %s; create it, or correct the reference", status.Name, tail(waiting.Message))}
	}
	return nil
}

// imageCause says why an image cannot be pulled, in words that stay the same while the kubelet tries again.
func imageCause(status *corev1.ContainerStatus) *Cause {
	message := status.State.Waiting.Message
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(strings.ToLower(message), word) {
				return true
			}
		}
		return false
	}
	why, next := "", "look at kubectl describe pod"
	switch {
	case status.State.Waiting.Reason == "InvalidImageName" || has("invalid reference"):
		why, next = " (the name is not valid)", "correct image"
	case has("403", "401", "denied", "unauthorized", "authorization failed", "authentication required"):
		why, next = " (access denied)", "check the image's name and imagePullSecrets"
	case has("not found", "manifest unknown", "404"):
		why, next = " (not found)", "correct the image's name or tag"
	case has("no such host", "connection refused", "timeout", "timed out", "dial tcp", "no route", "failed to do request"):
		why, next = " (the registry cannot be reached)", "check the image's name, or the network of the node"
	case status.State.Waiting.Reason == "ErrImageNeverPull":
		why, next = " (it is not on the node, and the pull policy forbids pulling)", "load the image on the node"
	}
	return &Cause{v1alpha1.ReasonImagePullFailed, fmt.Sprintf("image %s cannot be pulled%s; %s", status.Image, why, next)}
}

// crash says how a container ended that is not ready after an end.
func crash(status *corev1.ContainerStatus) *Cause {
	ended := status.State.Terminated
	if ended == nil {
		ended = status.LastTerminationState.Terminated
	}
	if ended == nil || status.Ready || ended.ExitCode == 0 && status.State.Terminated != nil {
		return nil
	}
	how := fmt.Sprintf("ended with exit code %d", ended.ExitCode)
	next := "read kubectl logs --previous"
	switch ended.Reason {
	case "OOMKilled":
		how, next = "was killed for want of memory", "choose a larger size"
	case "StartError", "ContainerCannotRun":
		how, next = "cannot run its program ("+program(ended.Message)+")", "correct command, or the image"
	}
	return &Cause{v1alpha1.ReasonCrashLoop, fmt.Sprintf("container %s %s; %s", status.Name, how, next)}
}

// program is what the container runtime says of a program that it cannot run.
func program(message string) string {
	if _, rest, found := strings.Cut(message, "exec: "); found {
		message = rest
	}
	return tail(strings.TrimSuffix(message, ": unknown"))
}

// recentCrash is the cause of a Deployment whose pods have no readiness probe, count as ready the moment they start, and ended
// with an error just before.
func recentCrash(object client.Object, pods []corev1.Pod, now time.Time) *Cause {
	deployment, ok := object.(*appsv1.Deployment)
	if !ok || slices.ContainsFunc(deployment.Spec.Template.Spec.Containers, probed) {
		return nil
	}
	mine := podsOf(object, pods)
	for i := range mine {
		for j := range mine[i].Status.ContainerStatuses {
			if cause := crashedBefore(&mine[i].Status.ContainerStatuses[j], now); cause != nil {
				return cause
			}
		}
	}
	return nil
}

func probed(container corev1.Container) bool { return container.ReadinessProbe != nil }

func crashedBefore(status *corev1.ContainerStatus, now time.Time) *Cause {
	running, before := status.State.Running, status.LastTerminationState.Terminated
	if running == nil || before == nil || before.ExitCode == 0 || now.Sub(running.StartedAt.Time) >= startGrace {
		return nil
	}
	unready := *status
	unready.Ready = false
	return crash(&unready)
}
