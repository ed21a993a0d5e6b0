package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
)

// watchExpansions grants claims that ask for more than they have. A directory
// already holds as much as the disk, so only the numbers change.
func watchExpansions(ctx context.Context, client kubernetes.Interface, factory informers.SharedInformerFactory) error {
	informer := factory.Core().V1().PersistentVolumeClaims().Informer()
	return onChange(ctx, informer, func(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
		if !wantsMore(claim) {
			return nil
		}
		return expand(ctx, client, claim)
	})
}

func wantsMore(claim *corev1.PersistentVolumeClaim) bool {
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	have := claim.Status.Capacity[corev1.ResourceStorage]
	return claim.Status.Phase == corev1.ClaimBound && wanted.Cmp(have) > 0
}

func expand(ctx context.Context, client kubernetes.Interface, claim *corev1.PersistentVolumeClaim) error {
	volume, err := client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil || volume.Annotations["pv.kubernetes.io/provisioned-by"] != provisionerName {
		return err
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	patch := fmt.Appendf(nil, `{"spec":{"capacity":{"storage":%q}}}`, size.String())
	if _, err := client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("cannot enlarge volume %s: %w", volume.Name, err)
	}
	patch = fmt.Appendf(nil, `{"status":{"capacity":{"storage":%q},"conditions":null}}`, size.String())
	_, err = client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("cannot enlarge claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	return nil
}
