package components

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// persistentVolumeClaim is the claim of a volume that components share. It outlives the stack.
func persistentVolumeClaim(s *part.Stack, claim part.Claim) *corev1.PersistentVolumeClaim {
	identity := kit.Identity{Name: claim.Entry, Instance: s.Name, Component: "volume", Stack: s.Name}
	meta := identity.Meta(s.Namespace, claim.Name)
	meta.Labels[v1alpha1.LabelEntry] = claim.Entry
	object := &corev1.PersistentVolumeClaim{
		ObjectMeta: meta,
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: claim.AccessModes,
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: claim.Storage.Size},
			},
		},
	}
	if claim.Storage.ClassName != "" {
		object.Spec.StorageClassName = &claim.Storage.ClassName
	}
	return object
}
