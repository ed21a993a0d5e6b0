package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/status"
)

// +kubebuilder:rbac:groups=stackwright.dev,resources=stackclasses,verbs=list;watch
// +kubebuilder:rbac:groups=stackwright.dev,resources=stackclasses/status,verbs=patch

// StackClassReconciler says of each StackClass whether it can be used.
type StackClassReconciler struct {
	Client client.Client
}

// Reconcile checks one class and writes what was found.
func (r *StackClassReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	class := &v1alpha1.StackClass{}
	if err := r.Client.Get(ctx, request.NamespacedName, class); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	others := &v1alpha1.StackClassList{}
	if err := r.Client.List(ctx, others); err != nil {
		return ctrl.Result{}, err
	}
	after := class.DeepCopy()
	after.Status.ObservedGeneration = class.Generation
	reason, message := judge(class, others.Items)
	state := metav1.ConditionTrue
	if reason != v1alpha1.ReasonReady {
		state = metav1.ConditionFalse
		setClassCondition(after, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, message)
	} else {
		meta.RemoveStatusCondition(&after.Status.Conditions, v1alpha1.ConditionStalled)
	}
	setClassCondition(after, v1alpha1.ConditionReady, state, reason, message)
	_, err := status.Patch(ctx, r.Client, class, after)
	return ctrl.Result{}, err
}

func setClassCondition(class *v1alpha1.StackClass, kind string, state metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&class.Status.Conditions, metav1.Condition{
		Type: kind, Status: state, Reason: reason, Message: message,
		ObservedGeneration: class.Generation, LastTransitionTime: metav1.NewTime(time.Now()),
	})
}

// judge returns the reason and message of a class's Ready.
func judge(class *v1alpha1.StackClass, all []v1alpha1.StackClass) (string, string) {
	if _, err := metav1.LabelSelectorAsSelector(class.Spec.Namespaces.LabelSelector()); err != nil {
		return v1alpha1.ReasonInvalid, fmt.Sprintf("spec.namespaces: %v", err)
	}
	isDefault := func(c *v1alpha1.StackClass) bool { return c.Annotations[v1alpha1.AnnotationDefaultClass] == "true" }
	for i := range all {
		if other := &all[i]; isDefault(class) && isDefault(other) && other.Name != class.Name {
			return v1alpha1.ReasonClassAmbiguous,
				fmt.Sprintf("StackClass %s is annotated as the default too; leave the annotation on one of them", other.Name)
		}
	}
	return v1alpha1.ReasonReady, "the class can be used"
}
