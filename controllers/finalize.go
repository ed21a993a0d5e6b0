package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// finalizer is held only while deletionPolicy Delete is set.
const finalizer = "stackwright.dev/data"

// claimWait is how soon the claims of a service that is being deleted are looked at again.
const claimWait = time.Second

// finalize keeps the finalizer as the deletion policy says, and carries a confirmed deletion out. It says whether the pass is
// done. Kubernetes removes the claims, not the operator: the StatefulSet's own retention is switched, and once every claim of
// a running ordinal names the StatefulSet as its owner, the garbage collector may go ahead.
func (r *DataServiceReconciler) finalize(ctx context.Context, owner desired.Owner) (bool, ctrl.Result, error) {
	object := owner.Object
	view := resolve.ViewOf(object)
	held := controllerutil.ContainsFinalizer(object, finalizer)
	if object.GetDeletionTimestamp().IsZero() {
		if wanted := view.Common.DeletionPolicy == v1alpha1.DeletionDelete; wanted != held {
			return true, ctrl.Result{RequeueAfter: cacheLag}, r.setFinalizer(ctx, owner, wanted)
		}
		return false, ctrl.Result{}, nil
	}
	if !held {
		return true, ctrl.Result{}, nil
	}
	if object.GetAnnotations()[v1alpha1.AnnotationConfirmDeletion] != object.GetName() {
		r.Recorder.Eventf(object, nil, corev1.EventTypeWarning, "DeletionNotConfirmed", "Delete",
			"deletionPolicy Delete acts as Retain without the annotation %s: %s; the data is kept",
			v1alpha1.AnnotationConfirmDeletion, object.GetName())
		return true, ctrl.Result{}, r.setFinalizer(ctx, owner, false)
	}
	waiting, err := r.release(ctx, owner)
	if err != nil || waiting {
		return true, ctrl.Result{RequeueAfter: claimWait}, err
	}
	if err := r.forget(ctx, view); err != nil {
		return true, ctrl.Result{}, err
	}
	return true, ctrl.Result{}, r.setFinalizer(ctx, owner, false)
}

// setFinalizer writes under a name of its own: what the stack applies must not take the finalizer along.
func (r *DataServiceReconciler) setFinalizer(ctx context.Context, owner desired.Owner, wanted bool) error {
	object := owner.Object
	next := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	if wanted {
		controllerutil.AddFinalizer(next, finalizer)
	} else {
		controllerutil.RemoveFinalizer(next, finalizer)
	}
	patch := client.MergeFromWithOptions(object, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, next, patch, client.FieldOwner("stackwright-finalizer")); err != nil {
		return client.IgnoreNotFound(err)
	}
	if object.GetDeletionTimestamp().IsZero() { // else the object goes, and a later one of its name must not wait for it
		r.Applier.Guard.Wrote(apply.KeyOf(owner), next, func() client.Object { return resolve.NewDataService(r.Kind) }, next.GetResourceVersion())
	}
	return nil
}

// release lets the claims go with their StatefulSets. It says whether it has to wait.
func (r *DataServiceReconciler) release(ctx context.Context, owner desired.Owner) (bool, error) {
	owned, err := r.Applier.Owned(ctx, owner)
	if err != nil {
		return false, err
	}
	waiting := false
	for _, object := range owned {
		set, ok := object.(*appsv1.StatefulSet)
		if !ok || len(set.Spec.VolumeClaimTemplates) == 0 {
			continue
		}
		pending, err := r.releaseSet(ctx, owner, set)
		if err != nil {
			return false, err
		}
		waiting = waiting || pending
	}
	return waiting, nil
}

func (r *DataServiceReconciler) releaseSet(ctx context.Context, owner desired.Owner, cached *appsv1.StatefulSet) (bool, error) {
	live := &appsv1.StatefulSet{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(cached), live); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	if live.UID != cached.UID {
		return true, nil
	}
	const remove = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	if retention := live.Spec.PersistentVolumeClaimRetentionPolicy; retention == nil || retention.WhenDeleted != remove {
		next := live.DeepCopy()
		next.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: remove, WhenScaled: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
		}
		return true, r.Client.Patch(ctx, next, client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{}))
	}
	claims, err := r.Applier.ClaimsOf(ctx, live)
	if err != nil {
		return false, err
	}
	pending, left := sortClaims(claims, live)
	if pending == 0 && len(left) > 0 {
		r.Recorder.Eventf(owner.Object, nil, corev1.EventTypeWarning, "ClaimsLeft", "Delete",
			"claims of pods that do not run are left: %s; delete them yourself when you are sure", strings.Join(left, ", "))
	}
	return pending > 0, nil
}

// sortClaims counts the claims that have yet to name the StatefulSet as their owner, and names those that never will.
func sortClaims(claims []corev1.PersistentVolumeClaim, set *appsv1.StatefulSet) (int, []string) {
	pending, left := 0, []string{}
	for i := range claims {
		switch {
		case ownedBy(&claims[i], set):
		case running(&claims[i], set):
			pending++
		default:
			left = append(left, claims[i].Name)
		}
	}
	slices.Sort(left)
	return pending, left
}

func ownedBy(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet) bool {
	return slices.ContainsFunc(claim.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == set.UID })
}

// running says whether a claim belongs to an ordinal that should run: only those get an owner reference.
func running(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet) bool {
	for ordinal := range *set.Spec.Replicas {
		if strings.HasSuffix(claim.Name, fmt.Sprintf("-%s-%d", set.Name, ordinal)) {
			return true
		}
	}
	return false
}

// forget removes the records of a service whose data goes: credential sets, and last the anchor.
func (r *DataServiceReconciler) forget(ctx context.Context, view *resolve.View) error {
	namespace, name := view.Object.GetNamespace(), view.Object.GetName()
	sets := &corev1.ConfigMapList{}
	key := client.MatchingLabels{anchor.LabelSet: anchor.SetKey(view.Kind, namespace, name)}
	if err := r.Client.List(ctx, sets, key); err != nil {
		return err
	}
	for i := range sets.Items {
		if !anchor.Ours(&sets.Items[i], view.Kind, namespace, name) {
			continue
		}
		if err := r.removeRecord(ctx, &sets.Items[i]); err != nil {
			return err
		}
	}
	object := &corev1.ConfigMap{}
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: anchor.Name(view.Kind, name)}, object)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	if _, err := anchor.Parse(object, view.Kind, name); err != nil {
		return nil //nolint:nilerr // not ours: it stays
	}
	return r.removeRecord(ctx, object)
}

func (r *DataServiceReconciler) removeRecord(ctx context.Context, object *corev1.ConfigMap) error {
	uid, version := object.UID, object.ResourceVersion
	preconditions := client.Preconditions{UID: &uid, ResourceVersion: &version}
	return client.IgnoreNotFound(r.Client.Delete(ctx, object.DeepCopy(), preconditions))
}
