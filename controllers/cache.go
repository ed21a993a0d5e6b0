package controllers

import (
	"strings"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/kit"
)

// +kubebuilder:rbac:groups="",resources=pods;namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=list;watch

// CacheOptions says what is watched: our own kinds, and of the native ones only what carries our label. There is no cache of
// Secrets, and a kind that is not listed here is an error, not another watch.
func CacheOptions(resync *time.Duration) cache.Options {
	shared := true
	ours := cache.ByObject{
		Label: labels.SelectorFromSet(labels.Set{kit.LabelManagedBy: kit.ManagedBy}), Transform: slim, UnsafeDisableDeepCopy: &shared,
	}
	plain := cache.ByObject{Transform: slim}
	byObject := map[client.Object]cache.ByObject{
		&v1alpha1.BackendStack{}:  plain,
		&v1alpha1.StackDatabase{}: plain,
		&v1alpha1.StackCache{}:    plain,
		&v1alpha1.StackQueue{}:    plain,
		&v1alpha1.StackBackup{}:   plain,
		&v1alpha1.StackClass{}:    plain,
		&corev1.Namespace{}:       {Transform: slim, UnsafeDisableDeepCopy: &shared},
		&storagev1.StorageClass{}: {Transform: slim, UnsafeDisableDeepCopy: &shared},

		&corev1.Pod{}:                   ours,
		&corev1.PersistentVolumeClaim{}: ours,
	}
	for _, kind := range apply.Kinds() {
		byObject[kind.New()] = ours
	}
	return cache.Options{ByObject: byObject, ReaderFailOnMissingInformer: true, SyncPeriod: resync}
}

// slim drops what nobody reads: managed fields but for one mark, and the specs of pods. What many objects say alike is kept once.
func slim(object any) (any, error) {
	if tombstone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	metadata, ok := object.(client.Object)
	if !ok {
		return object, nil
	}
	apply.SlimManagedFields(metadata)
	shareStrings(metadata)
	if pod, ok := object.(*corev1.Pod); ok {
		slimPod(pod)
	}
	return object, nil
}

// slimPod keeps of a pod's spec where it runs and which bindings it uses. A pod that went through here before is left as it is.
func slimPod(pod *corev1.Pod) {
	if len(pod.Spec.Containers) == 0 {
		return
	}
	bindings := bindingsIn(&pod.Spec)
	pod.Spec, pod.Annotations = corev1.PodSpec{NodeName: pod.Spec.NodeName}, nil
	if len(bindings) > 0 {
		pod.Annotations = map[string]string{annotationBindings: unique.Make(strings.Join(bindings, " ")).Value()}
	}
}

// shareStrings keeps one copy of the texts that the metadata of a stack's objects have in common: each was decoded apart.
func shareStrings(object client.Object) {
	object.SetNamespace(unique.Make(object.GetNamespace()).Value())
	object.SetLabels(sharedTexts(object.GetLabels()))
	object.SetAnnotations(sharedTexts(object.GetAnnotations()))
	owners := object.GetOwnerReferences()
	for i := range owners {
		for _, text := range []*string{&owners[i].APIVersion, &owners[i].Kind, &owners[i].Name, (*string)(&owners[i].UID)} {
			*text = unique.Make(*text).Value()
		}
	}
	object.SetOwnerReferences(owners)
}

func sharedTexts(texts map[string]string) map[string]string {
	if texts == nil {
		return nil
	}
	result := make(map[string]string, len(texts))
	for key, value := range texts {
		if len(value) <= longestShared {
			value = unique.Make(value).Value()
		}
		result[unique.Make(key).Value()] = value
	}
	return result
}

// longestShared is the length of the longest value that may well stand on another object too.
const longestShared = 63

var _ toolscache.TransformFunc = slim
