package components

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

const (
	revisionHistory         = 3
	progressDeadlineSeconds = 600
	surge                   = "25%"

	// drainSeconds pass between the moment that a pod is taken off its Service and the signal to stop. Proxies learn of it
	// in this time: a request that they still send is answered.
	drainSeconds = 5
	// gracePeriodSeconds is how long a container may take to stop, in seconds, where nobody says.
	gracePeriodSeconds = 30
)

// deployment runs the component's pods. Nothing in its template depends on their number, nor on who calls them: scaling and
// new callers restart none.
func (w *workload) deployment(conventional []corev1.EnvVar) *appsv1.Deployment {
	deployment := &appsv1.Deployment{
		ObjectMeta: w.identity.Meta(w.stack.Namespace, w.name),
		Spec: appsv1.DeploymentSpec{
			Replicas:                w.replicas(),
			Selector:                &metav1.LabelSelector{MatchLabels: w.identity.Selector()},
			Strategy:                w.strategy(),
			RevisionHistoryLimit:    kit.Ptr(int32(revisionHistory)),
			ProgressDeadlineSeconds: kit.Ptr(int32(progressDeadlineSeconds)),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: w.podLabels(), Annotations: w.podAnnotations()},
				Spec:       w.podSpec(conventional),
			},
		},
	}
	kit.SetInputs(deployment, w.templateInputs())
	return deployment
}

// replicas is nil while an autoscaler decides: the live number is handed over to it.
func (w *workload) replicas() *int32 {
	switch {
	case w.stack.Suspended:
		return kit.Ptr(int32(0))
	case w.scales():
		return nil
	}
	return kit.Ptr(w.maxPods())
}

func (w *workload) strategy() appsv1.DeploymentStrategy {
	if w.recreated() {
		return appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	return appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxUnavailable: kit.Ptr(intstr.FromInt32(0)), MaxSurge: kit.Ptr(intstr.FromString(surge)),
		},
	}
}

// recreated says that old pods stop before new ones start. Nobody has to ask for it where pods mount a volume that only one
// node can attach: a new pod on another node would wait for the old one forever.
func (w *workload) recreated() bool {
	if w.singleton {
		return true
	}
	if w.Spec.Strategy != nil {
		return w.Spec.Strategy.Type == v1alpha1.RolloutRecreate
	}
	return len(w.singleNodeClaims()) > 0
}

// podLabels mark the pods for the network policies of what they use, and for each other where they have to share a node.
func (w *workload) podLabels() map[string]string {
	labels := w.identity.Labels()
	for _, used := range w.Uses {
		labels[kit.LabelUsesPrefix+used.Name] = "true"
	}
	for _, callee := range w.Calls {
		labels[kit.LabelUsesPrefix+callee.Name] = "true"
	}
	for _, entry := range w.singleNodeClaims() {
		labels[labelVolumePrefix+entry] = "true"
	}
	return labels
}

// podAnnotations roll the pods on request, and hold the constants that are shown as files.
func (w *workload) podAnnotations() map[string]string {
	annotations := map[string]string{}
	if w.RestartedAt != "" {
		annotations[kit.AnnotationRestartedAt] = w.RestartedAt
	}
	for i := range w.Uses {
		if used := &w.Uses[i]; isExternal(used) {
			annotations[annotationBindingType(used.Name)] = bindingType(used)
		}
	}
	if bundle := w.authorities(); bundle != "" {
		annotations[annotationAuthorities] = bundle
	}
	if len(annotations) == 0 {
		return nil
	}
	return annotations
}

func (w *workload) podSpec(conventional []corev1.EnvVar) corev1.PodSpec {
	generated := w.generatedEnv(conventional)
	pod := kit.PodSpec(w.Placement, w.podSecurity(), w.container(generated))
	pod.ServiceAccountName = w.name
	pod.ImagePullSecrets = w.pullSecrets()
	pod.InitContainers = w.initContainers(generated)
	pod.Volumes = w.volumes()
	pod.TerminationGracePeriodSeconds = kit.Ptr(w.gracePeriod())
	w.distribute(&pod)
	return pod
}

// distribute keeps the pods apart, or together where they share what one node at a time can attach.
func (w *workload) distribute(pod *corev1.PodSpec) {
	switch {
	case len(w.singleNodeClaims()) > 0:
		if pod.Affinity == nil {
			pod.Affinity = &corev1.Affinity{}
		}
		pod.Affinity.PodAffinity = w.besideClaims()
	case !w.singleton:
		pod.TopologySpreadConstraints = kit.Spread(w.identity.Selector())
	}
}

func (w *workload) pullSecrets() []corev1.LocalObjectReference {
	var secrets []corev1.LocalObjectReference
	for _, secret := range w.Spec.ImagePullSecrets {
		secrets = append(secrets, corev1.LocalObjectReference{Name: secret.Name})
	}
	return secrets
}

// gracePeriod leaves the container all the time that was declared, after it was drained.
func (w *workload) gracePeriod() int64 {
	seconds := int64(gracePeriodSeconds)
	if w.runtime.GracePeriodSeconds > 0 {
		seconds = w.runtime.GracePeriodSeconds
	}
	if declared := w.Spec.TerminationGracePeriodSeconds; declared != nil {
		seconds = *declared
	}
	if w.drains() {
		seconds += drainSeconds
	}
	return seconds
}

// drains says whether requests may be on their way to a pod that stops.
func (w *workload) drains() bool { return w.Spec.Type != v1alpha1.ComponentWorker && w.hasPorts() }
