package parttest

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// nameLimits are the longest names by type, from the API server's validation and from the labels that carry them: a
// StatefulSet's name stands with a revision hash in a label of 63 characters.
const (
	statefulSetLimit = 52
	serviceLimit     = 63
	cronJobLimit     = 52
	defaultLimit     = 253
)

// check holds the rules that every object of every room keeps.
func check(t *testing.T, output part.Output) {
	t.Helper()
	for _, object := range append(append([]part.Object{}, output.Objects...), output.Retained...) {
		checkMetadata(t, object)
		if pod := PodTemplate(object); pod != nil {
			checkPod(t, object.GetName(), pod)
		}
	}
}

func checkMetadata(t *testing.T, object part.Object) {
	t.Helper()
	labels := object.GetLabels()
	for _, key := range []string{kit.LabelName, kit.LabelInstance, kit.LabelComponent, kit.LabelManagedBy} {
		if labels[key] == "" {
			t.Errorf("%T %s: label %s is missing", object, object.GetName(), key)
		}
	}
	if object.GetNamespace() == "" || object.GetObjectKind().GroupVersionKind().Kind != "" {
		t.Errorf("%T %s: needs a namespace, and no TypeMeta (the scheme knows the kind)", object, object.GetName())
	}
	limit := defaultLimit
	switch object.(type) {
	case *appsv1.StatefulSet:
		limit = statefulSetLimit
	case *batchv1.CronJob:
		limit = cronJobLimit
	case *corev1.Service, *appsv1.Deployment, *batchv1.Job:
		limit = serviceLimit
	}
	if len(object.GetName()) > limit {
		t.Errorf("%T %s: the name has more than %d characters", object, object.GetName(), limit)
	}
	if _, secret := object.(*corev1.Secret); secret {
		t.Errorf("Secret %s: rooms make no Secrets", object.GetName())
	}
}

// PodTemplate returns the pod template of a workload, or nil.
func PodTemplate(object part.Object) *corev1.PodTemplateSpec {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		return &workload.Spec.Template
	case *appsv1.StatefulSet:
		return &workload.Spec.Template
	case *batchv1.Job:
		return &workload.Spec.Template
	case *batchv1.CronJob:
		return &workload.Spec.JobTemplate.Spec.Template
	}
	return nil
}

func checkPod(t *testing.T, name string, pod *corev1.PodTemplateSpec) {
	t.Helper()
	if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
		t.Errorf("%s: the pod would get a token", name)
	}
	if pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.RunAsNonRoot == nil {
		t.Errorf("%s: the pod may run as root", name)
	}
	for _, container := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		checkContainer(t, name, container)
	}
}

func checkContainer(t *testing.T, name string, container corev1.Container) {
	t.Helper()
	if container.Resources.Requests.Cpu().IsZero() || container.Resources.Limits.Memory().IsZero() {
		t.Errorf("%s/%s: needs a CPU request and a memory limit", name, container.Name)
	}
	security := container.SecurityContext
	if security == nil || security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation ||
		security.Capabilities == nil || len(security.Capabilities.Drop) == 0 {
		t.Errorf("%s/%s: needs the restricted security context", name, container.Name)
	}
}
