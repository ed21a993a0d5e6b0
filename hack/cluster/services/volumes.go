package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisionerName is the provisioner of the default StorageClass.
const provisionerName = "stackwright.dev/directory"

// directories makes a directory for each claim. A directory has no limit: the
// size of the claim is only written down.
type directories struct {
	root string
	node string
}

func newProvisioner(ctx context.Context, client kubernetes.Interface, s settings) *controller.ProvisionController {
	return controller.NewProvisionController(ctx, client, provisionerName,
		directories{root: s.volumes, node: s.node},
		controller.LeaderElection(false), controller.FailedProvisionThreshold(0), controller.FailedDeleteThreshold(0))
}

// Provision makes the directory of a volume, open to every user since the pod's
// is unknown, and describes it as a local volume, which honours a pod's fsGroup.
func (d directories) Provision(_ context.Context, o controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if mode := o.PVC.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		return nil, controller.ProvisioningFinished, errors.New("only file systems can be provisioned here, no block devices")
	}
	path := filepath.Join(d.root, o.PVName)
	if err := errors.Join(os.MkdirAll(path, 0o777), os.Chmod(path, 0o777)); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("cannot make the directory of a volume: %w", err)
	}
	return d.volume(o, path), controller.ProvisioningFinished, nil
}

func (d directories) volume(o controller.ProvisionOptions, path string) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			MountOptions:                  o.StorageClass.MountOptions,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: o.PVC.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			NodeAffinity:           onlyOn(d.node),
		},
	}
}

func onlyOn(node string) *corev1.VolumeNodeAffinity {
	hostname := corev1.NodeSelectorRequirement{
		Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
	}
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{hostname}}},
	}}
}

// Delete removes the directory of a volume and all that is in it.
func (d directories) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(volume.Spec.Local.Path) != filepath.Clean(d.root) {
		return fmt.Errorf("volume %s is no directory below %s", volume.Name, d.root)
	}
	return os.RemoveAll(volume.Spec.Local.Path)
}
