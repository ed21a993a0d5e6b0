// Package desired turns a plan into the objects that should exist. It is pure: the same plan gives the same bytes.
package desired

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// Labels that lead from an object or pod to the resource that it was built for.
const (
	LabelOwnerKind = "stackwright.dev/owner-kind"
	LabelOwnerName = "stackwright.dev/owner-name"
)

// Owner is the resource that objects are built for.
type Owner struct {
	GVK    schema.GroupVersionKind
	Object client.Object
}

// Service builds the objects of a data service.
func Service(plan *resolve.ServicePlan, owner Owner) (part.Output, error) {
	output, err := plan.Provider.Build(plan.Service)
	if err != nil {
		return part.Output{}, err
	}
	stamp(owner, &output)
	return output, nil
}

// Rooms build the parts of a stack.
type Rooms []func(*part.Stack) (part.Output, error)

// Stack builds the data services that a stack makes inline, and its components.
func Stack(plan *resolve.StackPlan, owner Owner, rooms Rooms) (part.Output, error) {
	var output part.Output
	output.Retain(inlineServices(plan)...)
	for _, build := range rooms {
		built, err := build(plan.Stack)
		if err != nil {
			return part.Output{}, err
		}
		output.Merge(built)
	}
	stamp(owner, &output)
	return output, nil
}

// +kubebuilder:rbac:groups=stackwright.dev,resources=backendstacks/finalizers;stackdatabases/finalizers,verbs=update
// +kubebuilder:rbac:groups=stackwright.dev,resources=stackcaches/finalizers;stackqueues/finalizers,verbs=update

// stamp makes objects recognisable as ours: labels that lead to the owner on all of them and on their pods, the controller
// reference on those that go with the owner.
//
// The reference blocks the owner's deletion while it is in the foreground. A cluster with the admission plugin
// OwnerReferencesPermissionEnforcement (OpenShift) lets only those write such a reference who may update the owner's
// finalizers. Our kinds serve no such subresource: the rule grants nothing else.
func stamp(owner Owner, output *part.Output) {
	labels := map[string]string{LabelOwnerKind: owner.GVK.Kind, LabelOwnerName: owner.Object.GetName()}
	reference := *metav1.NewControllerRef(owner.Object, owner.GVK)
	for _, object := range output.Objects {
		object.SetLabels(kit.With(object.GetLabels(), labels))
		object.SetOwnerReferences([]metav1.OwnerReference{reference})
		if schedule, ok := object.(*batchv1.CronJob); ok {
			schedule.Spec.JobTemplate.Labels = kit.With(schedule.Spec.JobTemplate.Labels, labels)
		}
		if template := Template(object); template != nil {
			template.Labels = kit.With(template.Labels, labels)
		}
	}
	for _, object := range output.Retained {
		object.SetLabels(kit.With(object.GetLabels(), labels))
	}
}

// Template returns the pod template of a workload, or nil.
func Template(object client.Object) *corev1.PodTemplateSpec {
	switch workload := object.(type) {
	case *appsv1.Deployment:
		return &workload.Spec.Template
	case *appsv1.StatefulSet:
		return &workload.Spec.Template
	case *batchv1.Job:
		return &workload.Spec.Template
	case *batchv1.CronJob:
		return &workload.Spec.JobTemplate.Spec.Template
	}
	return nil
}
