package components

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// sharedGroup owns the files of mounted claims where the component names no group. It is the same for all components, so
// that they do not take a shared volume from each other; processes belong to it besides their own group.
const sharedGroup = 65532

// container is the component's own container. It has the component's name, which is what `kubectl logs` shows.
func (w *workload) container(generated []corev1.EnvVar) corev1.Container {
	container := corev1.Container{
		Name:            string(w.Spec.Name),
		Image:           w.Image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         w.command(),
		Args:            w.Spec.Args,
		Ports:           w.containerPorts(),
		EnvFrom:         envFrom(w.Spec.EnvFrom),
		Env:             joinEnv(generated, w.runtimeEnv(w.Resources), w.Spec.Env),
		Resources:       w.Resources,
		VolumeMounts:    w.mounts(w.Spec.VolumeMounts),
		SecurityContext: w.ownImageSecurity(),
	}
	if w.drains() {
		container.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{
			Sleep: &corev1.SleepAction{Seconds: drainSeconds},
		}}
	}
	w.setProbes(&container)
	return container
}

func (w *workload) command() []string {
	if len(w.Spec.Command) == 0 && w.runtime.Command != nil {
		return w.runtime.Command(&w.Spec)
	}
	return w.Spec.Command
}

// podSecurity is the restricted profile with the ids of the component.
func (w *workload) podSecurity() *corev1.PodSecurityContext {
	var user, group, fsGroup int64
	if declared := w.Spec.SecurityContext; declared != nil {
		user, group, fsGroup = idOrZero(declared.RunAsUser), idOrZero(declared.RunAsGroup), idOrZero(declared.FSGroup)
	}
	if fsGroup == 0 && len(w.mountedClaims()) > 0 {
		fsGroup = sharedGroup
	}
	return kit.RestrictedUser(user, group, fsGroup)
}

// containerSecurity is the restricted profile of one container.
func (w *workload) containerSecurity() *corev1.SecurityContext {
	security := kit.Restricted()
	if declared := w.Spec.SecurityContext; declared != nil && declared.ReadOnlyRootFilesystem != nil {
		security.ReadOnlyRootFilesystem = declared.ReadOnlyRootFilesystem
	}
	return security
}

// ownImageSecurity adds the runtime's user, which goes with the component's own image: that of a sidecar knows its user
// itself.
func (w *workload) ownImageSecurity() *corev1.SecurityContext {
	security := w.containerSecurity()
	declared := w.Spec.SecurityContext
	if declared == nil {
		declared = &v1alpha1.ComponentSecurityContext{}
	}
	if w.runtime.User == 0 || declared.RunAsUser != nil {
		return security
	}
	security.RunAsUser = kit.Ptr(w.runtime.User)
	if declared.RunAsGroup == nil {
		security.RunAsGroup = kit.Ptr(w.runtime.User)
	}
	return security
}

func idOrZero(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}
