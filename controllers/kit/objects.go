package kit

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Config returns an immutable ConfigMap whose name carries the hash of its content: a workload that refers to it keeps the
// content that it was started with, and rolls when the content changes.
func Config(identity Identity, namespace, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: identity.Meta(namespace, Child(name, Hash(data))),
		Immutable:  Ptr(true),
		Data:       data,
	}
}

// Headless returns a Service without an address of its own, which resolves to the pods, ready or not.
func Headless(identity Identity, namespace, name string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: identity.Meta(namespace, name),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true,
			Selector: identity.Selector(), Ports: ports,
		},
	}
}

// TCPPort is a port of a Service that goes to the container port of the same name.
func TCPPort(name string, port int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: port, TargetPort: intstr.FromString(name), Protocol: corev1.ProtocolTCP}
}

// DisruptionBudget lets at most one pod of the selector be evicted at a time.
func DisruptionBudget(identity Identity, namespace, name string) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: identity.Meta(namespace, name),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable:             Ptr(intstr.FromInt32(1)),
			Selector:                   &metav1.LabelSelector{MatchLabels: identity.Selector()},
			UnhealthyPodEvictionPolicy: Ptr(policyv1.AlwaysAllow),
		},
	}
}

// Job returns a Job that is tried until it succeeds. Its name carries the hash of the inputs, so that other inputs make
// another Job; a Job that exists is never changed.
func Job(identity Identity, namespace, name string, pod corev1.PodSpec, inputs ...any) *batchv1.Job {
	pod.RestartPolicy = corev1.RestartPolicyOnFailure
	return &batchv1.Job{
		ObjectMeta: identity.Meta(namespace, Child(name, Hash(inputs...)[:8])),
		Spec: batchv1.JobSpec{
			BackoffLimit: Ptr(int32(100)),
			Template:     corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: identity.Labels()}, Spec: pod},
		},
	}
}
