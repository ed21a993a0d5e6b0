package observe

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "web", Image: "acme/shop:1", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

func running(since time.Duration, restarts int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "web", RestartCount: restarts, State: corev1.ContainerState{
		Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-since))},
	}}
}

func ended(code int32, reason string) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}
}

func crashed(status corev1.ContainerStatus, code int32, reason string) corev1.ContainerStatus {
	status.LastTerminationState.Terminated = ended(code, reason)
	return status
}

func answering(status corev1.ContainerStatus) corev1.ContainerStatus {
	status.Ready = true
	return status
}

func unscheduled(message string) corev1.Pod {
	return corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: message},
	}}}
}

func podWith(statuses ...corev1.ContainerStatus) corev1.Pod {
	return corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: statuses}}
}

// TestCauses: each case lists what the kubelet says while it tries again and again; the cause is the same word for word, since
// it stands in a condition.
// noProgram is what containerd says of a program that an image lacks.
const noProgram = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ` +
	`unable to start container process: error during container init: exec: "nosuch": executable file not found in $PATH: unknown`

func TestCauses(t *testing.T) {
	const denied = `failed to pull and unpack image "acme/shop:1": failed to resolve reference: pull access denied, repository does not exist or may require authorization`
	for _, c := range []struct {
		what, reason string
		words        []string
		pods         []corev1.Pod
	}{
		{"an image that is missing", v1alpha1.ReasonImagePullFailed, []string{"acme/shop:1", "not found", "tag"}, []corev1.Pod{
			podWith(waiting("ErrImagePull", `rpc error: code = NotFound desc = failed to resolve reference "acme/shop:1": not found`)),
			podWith(waiting("ImagePullBackOff", `Back-off pulling image "acme/shop:1": ErrImagePull: rpc error: failed to resolve reference: not found`)),
		}},
		{"a pull that is denied", v1alpha1.ReasonImagePullFailed, []string{"access denied", "imagePullSecrets"}, []corev1.Pod{
			podWith(waiting("ErrImagePull", denied)),
			podWith(waiting("ErrImagePull", "unexpected status: 403 Forbidden")),
			podWith(waiting("ImagePullBackOff", `Back-off pulling image "acme/shop:1": ErrImagePull: `+denied)),
		}},
		{"a registry that cannot be reached", v1alpha1.ReasonImagePullFailed, []string{"registry cannot be reached"}, []corev1.Pod{
			podWith(waiting("ErrImagePull", `failed to do request: Head "https://x/v2/": dial tcp: lookup x: no such host`)),
			podWith(waiting("ErrImagePull", `failed to do request: Head "https://x/v2/": dial tcp 192.0.2.1:443: i/o timeout`)),
		}},
		{"a name that is none", v1alpha1.ReasonImagePullFailed, []string{"not valid"}, []corev1.Pod{
			podWith(waiting("InvalidImageName", `Failed to apply default image tag "UPPER": invalid reference format`)),
		}},
		{"a Secret that is missing", v1alpha1.ReasonConfigMissing, []string{"web", `secret "stripe" not found`}, []corev1.Pod{
			podWith(waiting("CreateContainerConfigError", `secret "stripe" not found`)),
		}},
		{"a crash loop", v1alpha1.ReasonCrashLoop, []string{"web", "exit code 3", "logs --previous"}, []corev1.Pod{
			podWith(crashed(waiting("CrashLoopBackOff", "back-off 10s restarting failed container=web pod=shop-web-7d9_shop(1)"), 3, "Error")),
			podWith(crashed(waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=web pod=shop-web-abc_shop(2)"), 3, "Error")),
			podWith(corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Terminated: ended(3, "Error")}}),
			podWith(crashed(running(time.Second, 4), 3, "Error")),
		}},
		{"a program that is not there", v1alpha1.ReasonCrashLoop, []string{`web cannot run its program ("nosuch": executable file not found in $PATH)`, "correct command"}, []corev1.Pod{
			podWith(waiting("RunContainerError", noProgram)),
			podWith(corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 128, Reason: "StartError", Message: noProgram,
			}}}),
		}},
		{"too little memory", v1alpha1.ReasonCrashLoop, []string{"want of memory", "larger size"}, []corev1.Pod{
			podWith(crashed(waiting("CrashLoopBackOff", "back-off 20s"), 137, "OOMKilled")),
			podWith(corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Terminated: ended(137, "OOMKilled")}}),
		}},
		{"a server that ends well", v1alpha1.ReasonCrashLoop, []string{"exit code 0"}, []corev1.Pod{
			podWith(crashed(waiting("CrashLoopBackOff", "back-off 10s"), 0, "Completed")),
		}},
		{"no answer", v1alpha1.ReasonNotAnswering, []string{"web", "probe", "port"}, []corev1.Pod{
			podWith(running(time.Minute, 0)), podWith(running(time.Hour, 0)),
		}},
		{"no answer yet", v1alpha1.ReasonProgressing, []string{"web is starting"}, []corev1.Pod{
			podWith(running(time.Second, 0)), podWith(waiting("ContainerCreating", "")), podWith(waiting("PodInitializing", "")),
		}},
		{"no room", v1alpha1.ReasonUnschedulable, []string{"Insufficient cpu", "smaller size"}, []corev1.Pod{
			unscheduled("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available"),
		}},
		{"no volume", v1alpha1.ReasonStoragePending, []string{"claim"}, []corev1.Pod{
			unscheduled(`0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.`),
			unscheduled(`persistentvolumeclaim "data-shop-main-0" not found`),
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			first := ""
			for i := range c.pods {
				cause := worst(c.pods[i:i+1], now)
				if cause == nil || cause.Reason != c.reason {
					t.Fatalf("state %d: %+v, not %s", i, cause, c.reason)
				}
				for _, word := range c.words {
					if !strings.Contains(cause.Message, word) {
						t.Errorf("state %d: %q does not say %q", i, cause.Message, word)
					}
				}
				if first == "" {
					first = cause.Message
				}
				if cause.Message != first && c.reason != v1alpha1.ReasonStoragePending {
					t.Errorf("the message changes from %q to %q", first, cause.Message)
				}
			}
		})
	}
}

func TestNoCause(t *testing.T) {
	for what, pod := range map[string]corev1.Pod{
		"it answers":                       podWith(answering(running(time.Hour, 0))),
		"it answers again after a crash":   podWith(answering(crashed(running(time.Hour, 1), 1, "Error"))),
		"nothing is known":                 {},
		"its init container has succeeded": {Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: ended(0, "Completed")}}}, ContainerStatuses: []corev1.ContainerStatus{answering(running(time.Hour, 0))}}},
	} {
		if cause := worst([]corev1.Pod{pod}, now); cause != nil {
			t.Errorf("%s: %+v", what, *cause)
		}
	}
}

// TestDeepestCauseWins, in any order of the pods.
func TestDeepestCauseWins(t *testing.T) {
	pods := []corev1.Pod{
		podWith(running(time.Minute, 0)), podWith(waiting("ErrImagePull", "not found")), podWith(waiting("ContainerCreating", "")),
		podWith(crashed(waiting("CrashLoopBackOff", ""), 1, "Error")), podWith(answering(running(time.Hour, 0))),
	}
	for range pods {
		pods = append(pods[1:], pods[0])
		if cause := worst(pods, now); cause.Reason != v1alpha1.ReasonImagePullFailed {
			t.Errorf("%+v", *cause)
		}
	}
}

func TestInitContainersThatPrepare(t *testing.T) {
	pod := podWith(waiting("PodInitializing", ""))
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{running(time.Hour, 0)}
	if cause := worst([]corev1.Pod{pod}, now); cause.Reason != v1alpha1.ReasonProgressing {
		t.Errorf("an init container at work is %+v", *cause)
	}
	pod.Status.InitContainerStatuses = []corev1.ContainerStatus{crashed(waiting("CrashLoopBackOff", ""), 1, "Error")}
	if cause := worst([]corev1.Pod{pod}, now); cause.Reason != v1alpha1.ReasonCrashLoop {
		t.Errorf("an init container that fails is %+v", *cause)
	}
}

func TestRefusals(t *testing.T) {
	for message, reason := range map[string]string{
		`pods "shop-web-7d9-x" is forbidden: exceeded quota: small, requested: limits.memory=1Gi, used: 1Gi, limited: 1Gi`: v1alpha1.ReasonQuotaExceeded,
		`pods "shop-web-7d9-x" is forbidden: failed quota: q: must specify limits.cpu for: web`:                            v1alpha1.ReasonQuotaExceeded,
		`pods "shop-web-7d9-x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi`:                  v1alpha1.ReasonQuotaExceeded,
		`pods "shop-web-7d9-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`:               v1alpha1.ReasonPodRefused,
		`admission webhook "policy.acme.example" denied the request: no`:                                                   v1alpha1.ReasonPodRefused,
	} {
		cause := refused(message)
		if cause.Reason != reason || strings.Contains(cause.Message, "7d9") {
			t.Errorf("%q becomes %+v", message, *cause)
		}
	}
}

func TestRollouts(t *testing.T) {
	two := int32(2)
	status := func(updated, all, available int32, seen int64) *appsv1.Deployment {
		return &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Generation: 3}, Spec: appsv1.DeploymentSpec{Replicas: &two},
			Status: appsv1.DeploymentStatus{
				ObservedGeneration: seen, Replicas: all, UpdatedReplicas: updated, AvailableReplicas: available, ReadyReplicas: available,
			},
		}
	}
	for _, c := range []struct {
		what string
		d    *appsv1.Deployment
		done bool
	}{
		{"done", status(2, 2, 2, 3), true},
		{"an older generation is observed", status(2, 2, 2, 2), false},
		{"old pods are left", status(2, 3, 3, 3), false},
		{"new pods are missing", status(1, 2, 2, 3), false},
		{"a pod does not answer", status(2, 2, 1, 3), false},
		{"nothing is there", status(0, 0, 0, 3), false},
	} {
		if w := deployment(c.d); w.RolledOut != c.done || w.Stuck {
			t.Errorf("%s: %+v", c.what, w)
		}
	}
	late := status(1, 2, 1, 3)
	late.Status.Conditions = []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
	}}
	if !deployment(late).Stuck {
		t.Error("the deadline has passed and it is not stuck")
	}
}

func TestJobs(t *testing.T) {
	with := func(kind batchv1.JobConditionType, state corev1.ConditionStatus) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "provision"}, Status: batchv1.JobStatus{
			Conditions: []batchv1.JobCondition{{Type: kind, Status: state}},
		}}
	}
	if w := job(with(batchv1.JobComplete, corev1.ConditionTrue)); !w.RolledOut {
		t.Errorf("complete: %+v", w)
	}
	for _, j := range []*batchv1.Job{{}, with(batchv1.JobComplete, corev1.ConditionFalse), with(batchv1.JobSuspended, corev1.ConditionTrue)} {
		if w := job(j); w.RolledOut || w.Stuck {
			t.Errorf("%+v: %+v", j.Status.Conditions, w)
		}
	}
	w := job(with(batchv1.JobFailed, corev1.ConditionTrue))
	if !w.Stuck || w.Cause == nil || w.Cause.Reason != v1alpha1.ReasonJobFailed || !strings.Contains(w.Cause.Message, "job/provision") {
		t.Errorf("failed: %+v", w)
	}
}

func TestAddresses(t *testing.T) {
	for want, ingress := range map[string][]corev1.LoadBalancerIngress{
		"":              nil,
		"192.0.2.1":     {{IP: "192.0.2.1"}},
		"[2001:db8::1]": {{IP: "2001:db8::1"}},
		"lb.example":    {{Hostname: "lb.example", IP: "192.0.2.1"}},
	} {
		service := &corev1.Service{Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: ingress}}}
		if got := address(service); got != want {
			t.Errorf("%v gives %q", ingress, got)
		}
	}
}
