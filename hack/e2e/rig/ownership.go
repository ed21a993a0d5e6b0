package rig

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// unowned is a part of O7: nothing that is data, or leads to data, goes with a resource of Stackwright, and no claim with anything
// but after its deletion was confirmed.
func unowned(object client.Object, confirmed bool) error {
	if !leadsToData(object) {
		return nil
	}
	_, claim := object.(*corev1.PersistentVolumeClaim)
	for _, owner := range object.GetOwnerReferences() {
		if claim && !confirmed || strings.HasPrefix(owner.APIVersion, v1alpha1.GroupVersion.Group+"/") {
			return fmt.Errorf("%T %s is owned by %s %s, and would go with it", object, object.GetName(), owner.Kind, owner.Name)
		}
	}
	return nil
}

func leadsToData(object client.Object) bool {
	switch o := object.(type) {
	case *corev1.PersistentVolumeClaim, *corev1.Secret, *v1alpha1.StackDatabase, *v1alpha1.StackCache, *v1alpha1.StackQueue:
		return true
	case *corev1.ConfigMap:
		return o.Labels[anchor.LabelKind] != "" || o.Labels[anchor.LabelSet] != ""
	}
	return false
}

// dataKinds are the lists of the resources that make data.
func dataKinds() []client.ObjectList {
	return []client.ObjectList{&v1alpha1.StackDatabaseList{}, &v1alpha1.StackCacheList{}, &v1alpha1.StackQueueList{}}
}
