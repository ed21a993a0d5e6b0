// Package apply makes the cluster equal to what is desired, and sends only what differs.
package apply

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/desired"
)

// IndexOwner finds objects in the cache by the resource that they were built for, as OwnerKey.
const IndexOwner = "owner"

// OwnerKey is the key of a resource in IndexOwner.
func OwnerKey(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

// OwnerKeys returns the key of an object in IndexOwner, from its labels.
func OwnerKeys(object client.Object) []string {
	labels := object.GetLabels()
	if labels[desired.LabelOwnerKind] == "" {
		return nil
	}
	return []string{OwnerKey(labels[desired.LabelOwnerKind], object.GetNamespace(), labels[desired.LabelOwnerName])}
}

// Kind is a native kind that we make and remove.
type Kind struct {
	New     func() client.Object
	NewList func() client.ObjectList
}

// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs;cronjobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=services;serviceaccounts;configmaps,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete

// Kinds lists the native kinds that go with their owner. What keeps data (claims) and what outlives its owner (anchors,
// credential sets, data services) is not pruned: the first is not in this list, the others carry no controller reference.
func Kinds() []Kind {
	return []Kind{
		{func() client.Object { return &appsv1.Deployment{} }, func() client.ObjectList { return &appsv1.DeploymentList{} }},
		{func() client.Object { return &appsv1.StatefulSet{} }, func() client.ObjectList { return &appsv1.StatefulSetList{} }},
		{func() client.Object { return &batchv1.Job{} }, func() client.ObjectList { return &batchv1.JobList{} }},
		{func() client.Object { return &batchv1.CronJob{} }, func() client.ObjectList { return &batchv1.CronJobList{} }},
		{func() client.Object { return &corev1.Service{} }, func() client.ObjectList { return &corev1.ServiceList{} }},
		{func() client.Object { return &corev1.ServiceAccount{} }, func() client.ObjectList { return &corev1.ServiceAccountList{} }},
		{func() client.Object { return &corev1.ConfigMap{} }, func() client.ObjectList { return &corev1.ConfigMapList{} }},
		{
			func() client.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
			func() client.ObjectList { return &autoscalingv2.HorizontalPodAutoscalerList{} },
		},
		{
			func() client.Object { return &policyv1.PodDisruptionBudget{} },
			func() client.ObjectList { return &policyv1.PodDisruptionBudgetList{} },
		},
		{
			func() client.Object { return &networkingv1.NetworkPolicy{} },
			func() client.ObjectList { return &networkingv1.NetworkPolicyList{} },
		},
	}
}

// SlimManagedFields keeps of the managed fields only that we created an object by a plain request: the writer has to know.
func SlimManagedFields(object metav1.Object) {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == FieldOwner && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == "" {
			kept = append(kept, metav1.ManagedFieldsEntry{Manager: entry.Manager, Operation: entry.Operation})
		}
	}
	object.SetManagedFields(kept)
}
