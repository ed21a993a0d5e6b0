package kit

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/part"
)

// DataVolume is the name of the claim of each pod that keeps data.
const DataVolume = "data"

// ClaimTemplate is the claim of each pod of a StatefulSet. It has no owner and outlives everything; its labels never change.
func ClaimTemplate(identity Identity, storage part.Storage) corev1.PersistentVolumeClaim {
	return corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: DataVolume, Labels: identity.Lasting().Labels()},
		Spec:       ClaimSpec(storage, corev1.ReadWriteOnce),
	}
}

// ClaimSpec asks for storage; without a class for that of the cluster's default class.
func ClaimSpec(storage part.Storage, modes ...corev1.PersistentVolumeAccessMode) corev1.PersistentVolumeClaimSpec {
	spec := corev1.PersistentVolumeClaimSpec{
		AccessModes: modes,
		Resources: corev1.VolumeResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceStorage: storage.Size},
		},
	}
	if storage.ClassName != "" {
		spec.StorageClassName = &storage.ClassName
	}
	return spec
}

// RetainClaims keeps the claims of a StatefulSet whatever becomes of it.
func RetainClaims() *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy {
	return &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
		WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
	}
}
