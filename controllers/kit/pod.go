package kit

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/part"
)

// Ptr returns a pointer to a copy of the value.
func Ptr[T any](value T) *T { return &value }

// PodSpec returns a pod of the restricted profile without a token, with the placement applied.
func PodSpec(placement part.Placement, user *corev1.PodSecurityContext, containers ...corev1.Container) corev1.PodSpec {
	spec := corev1.PodSpec{
		AutomountServiceAccountToken: Ptr(false),
		EnableServiceLinks:           Ptr(false),
		SecurityContext:              user,
		Containers:                   containers,
		NodeSelector:                 placement.NodeSelector,
		Tolerations:                  placement.Tolerations,
		PriorityClassName:            placement.PriorityClassName,
	}
	if placement.NodeAffinity != nil {
		spec.Affinity = &corev1.Affinity{NodeAffinity: placement.NodeAffinity}
	}
	if placement.RuntimeClassName != "" {
		spec.RuntimeClassName = &placement.RuntimeClassName
	}
	return spec
}

// RestrictedUser is the security context of a pod that runs as the given ids; 0 leaves an id to the image.
func RestrictedUser(user, group, fsGroup int64) *corev1.PodSecurityContext {
	security := &corev1.PodSecurityContext{
		RunAsNonRoot:        Ptr(true),
		SeccompProfile:      &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		FSGroupChangePolicy: Ptr(corev1.FSGroupChangeOnRootMismatch),
	}
	if user > 0 {
		security.RunAsUser = &user
	}
	if group > 0 {
		security.RunAsGroup = &group
	}
	if fsGroup > 0 {
		security.FSGroup = &fsGroup
	}
	return security
}

// EngineUser is the security context of a pod that runs an engine's image.
func EngineUser(image part.Image) *corev1.PodSecurityContext {
	return RestrictedUser(image.RunAsUser, image.RunAsGroup, image.RunAsGroup)
}

// Restricted is the security context of a container: no privileges, read-only root file system.
func Restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: Ptr(false),
		ReadOnlyRootFilesystem:   Ptr(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// SmallResources are the resources of a helper container: an init container or a job.
func SmallResources() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("25m"), corev1.ResourceMemory: resource.MustParse("128Mi"),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
}

// Spread asks the scheduler to keep the pods of a selector on different nodes and zones where it can.
func Spread(selector map[string]string) []corev1.TopologySpreadConstraint {
	constraint := func(key string) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector: &metav1.LabelSelector{MatchLabels: selector},
		}
	}
	return []corev1.TopologySpreadConstraint{
		constraint(corev1.LabelTopologyZone), constraint(corev1.LabelHostname),
	}
}

// EmptyDir is a writable folder of the pod. An empty limit is none.
func EmptyDir(name, limit string) corev1.Volume {
	source := &corev1.EmptyDirVolumeSource{}
	if limit != "" {
		source.SizeLimit = Ptr(resource.MustParse(limit))
	}
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: source}}
}

// SecretVolume shows a Secret as files with the mode 0440, so that the pod's group reads them.
func SecretVolume(name, secret string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: secret, DefaultMode: Ptr(int32(0o440))},
	}}
}

// AuthorityVolume shows the certificate of a service's authority, without the server's key.
func AuthorityVolume(name, secret string) corev1.Volume {
	volume := SecretVolume(name, secret)
	volume.Secret.Items = []corev1.KeyToPath{{Key: corev1.ServiceAccountRootCAKey, Path: corev1.ServiceAccountRootCAKey}}
	return volume
}

// ConfigVolume shows a ConfigMap as files with the given mode.
func ConfigVolume(name, configMap string, mode int32) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: configMap}, DefaultMode: &mode,
		},
	}}
}

// SecretEnv is a variable whose value is a key of a Secret.
func SecretEnv(name, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}
