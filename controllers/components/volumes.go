package components

import (
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

const (
	temporaryVolume = "tmp"
	temporaryFolder = "/tmp"
	temporaryLimit  = "1Gi"
)

// volumes of the pod: the temporary folder, bindings, the component's own, and claims of the stack. The sorts have prefixes
// that keep their names apart, whatever users call theirs.
func (w *workload) volumes() []corev1.Volume {
	volumes := []corev1.Volume{kit.EmptyDir(temporaryVolume, temporaryLimit)}
	for i := range w.Uses {
		volumes = append(volumes, bindingVolume(&w.Uses[i]))
	}
	if w.authorities() != "" {
		volumes = append(volumes, projectedVolume(authoritiesVolume, annotationFile(factCA, annotationAuthorities)))
	}
	for i := range w.Spec.Volumes {
		volumes = append(volumes, ownVolume(&w.Spec.Volumes[i]))
	}
	for _, entry := range w.mountedClaims() {
		volumes = append(volumes, corev1.Volume{
			Name: claimVolumeName(entry),
			VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{
				ClaimName: kit.Child(w.stack.Name, entry),
			}},
		})
	}
	return volumes
}

// mounts of one container: the generated ones, but for a path that the user mounts something at, and the user's.
func (w *workload) mounts(declared []v1alpha1.VolumeMount) []corev1.VolumeMount {
	mounts := []corev1.VolumeMount{{Name: temporaryVolume, MountPath: temporaryFolder}}
	for _, used := range w.Uses {
		mounts = append(mounts, corev1.VolumeMount{
			Name: bindingVolumeName(used.Name), MountPath: bindingPath(used.Name), ReadOnly: true,
		})
	}
	if w.authorities() != "" {
		mounts = append(mounts, corev1.VolumeMount{Name: authoritiesVolume, MountPath: authoritiesFolder, ReadOnly: true})
	}
	mounts = slices.DeleteFunc(mounts, func(mount corev1.VolumeMount) bool {
		return slices.ContainsFunc(declared, func(own v1alpha1.VolumeMount) bool {
			return path.Clean(own.MountPath) == mount.MountPath
		})
	})
	for i := range declared {
		mounts = append(mounts, w.ownMount(&declared[i]))
	}
	return mounts
}

func (w *workload) ownMount(declared *v1alpha1.VolumeMount) corev1.VolumeMount {
	name := claimVolumeName(string(declared.Name))
	if w.hasVolume(declared.Name) {
		name = ownVolumeName(string(declared.Name))
	}
	return corev1.VolumeMount{
		Name: name, MountPath: declared.MountPath, SubPath: declared.SubPath,
		ReadOnly: declared.ReadOnly != nil && *declared.ReadOnly,
	}
}

func (w *workload) hasVolume(name v1alpha1.EntryName) bool {
	return slices.ContainsFunc(w.Spec.Volumes, func(volume v1alpha1.ComponentVolume) bool { return volume.Name == name })
}

// mountedClaims are the entries of the stack's volumes that a container mounts, sorted, each once.
func (w *workload) mountedClaims() []string {
	var entries []string
	collect := func(mounts []v1alpha1.VolumeMount) {
		for _, mount := range mounts {
			if !w.hasVolume(mount.Name) {
				entries = append(entries, string(mount.Name))
			}
		}
	}
	collect(w.Spec.VolumeMounts)
	for _, container := range w.Spec.InitContainers {
		collect(container.VolumeMounts)
	}
	slices.Sort(entries)
	return slices.Compact(entries)
}

func ownVolume(declared *v1alpha1.ComponentVolume) corev1.Volume {
	volume := corev1.Volume{Name: ownVolumeName(string(declared.Name))}
	switch {
	case declared.EmptyDir != nil:
		volume.EmptyDir = &corev1.EmptyDirVolumeSource{
			Medium: corev1.StorageMedium(declared.EmptyDir.Medium), SizeLimit: declared.EmptyDir.SizeLimit,
		}
	case declared.ConfigMap != nil:
		volume.ConfigMap = &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: declared.ConfigMap.Name},
			Items:                items(declared.ConfigMap.Items), Optional: declared.ConfigMap.Optional,
		}
	case declared.Secret != nil:
		volume.Secret = &corev1.SecretVolumeSource{
			SecretName: declared.Secret.SecretName,
			Items:      items(declared.Secret.Items), Optional: declared.Secret.Optional,
		}
	}
	return volume
}

func items(declared []v1alpha1.KeyToPath) []corev1.KeyToPath {
	var result []corev1.KeyToPath
	for _, item := range declared {
		result = append(result, corev1.KeyToPath{Key: item.Key, Path: item.Path})
	}
	return result
}

func ownVolumeName(name string) string { return "volume-" + name }

func claimVolumeName(entry string) string { return "claim-" + entry }
