// Package v1alpha1 holds the kinds of Stackwright: BackendStack, StackDatabase, StackCache, StackQueue and StackClass.
//
// +kubebuilder:object:generate=true
// +groupName=stackwright.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the API group and version of every kind in this package.
	GroupVersion = schema.GroupVersion{Group: "stackwright.dev", Version: "v1alpha1"}

	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the kinds of this package.
	AddToScheme = schemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&BackendStack{}, &BackendStackList{},
		&StackDatabase{}, &StackDatabaseList{},
		&StackCache{}, &StackCacheList{},
		&StackQueue{}, &StackQueueList{},
		&StackBackup{}, &StackBackupList{},
		&StackClass{}, &StackClassList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
