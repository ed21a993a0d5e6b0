package apply

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/part"
)

// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create;patch

// GrowClaims raises the requests of the claims of the StatefulSets among the objects. A StatefulSet never changes its claims
// by itself, and a claim never shrinks. Claims are never deleted: the role does not hold that verb.
func (a *Applier) GrowClaims(ctx context.Context, owner desired.Owner, output part.Output) error {
	for _, object := range output.Objects {
		set, ok := object.(*appsv1.StatefulSet)
		if !ok || len(set.Spec.VolumeClaimTemplates) == 0 {
			continue
		}
		claims, err := a.ClaimsOf(ctx, set)
		if err != nil {
			return err
		}
		wanted := set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage]
		for i := range claims {
			if err := a.grow(ctx, owner, &claims[i], wanted); err != nil {
				return err
			}
		}
	}
	return nil
}

// ClaimsOf returns the claims of a StatefulSet's pods, those of pods that do not run any more among them.
func (a *Applier) ClaimsOf(ctx context.Context, set *appsv1.StatefulSet) ([]corev1.PersistentVolumeClaim, error) {
	list := &corev1.PersistentVolumeClaimList{}
	if err := a.Client.List(ctx, list, client.InNamespace(set.Namespace)); err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	var claims []corev1.PersistentVolumeClaim
	for _, template := range set.Spec.VolumeClaimTemplates {
		for i := range list.Items {
			if ordinal, ours := strings.CutPrefix(list.Items[i].Name, template.Name+"-"+set.Name+"-"); ours && isNumber(ordinal) {
				claims = append(claims, list.Items[i])
			}
		}
	}
	return claims, nil
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func (a *Applier) grow(ctx context.Context, owner desired.Owner, claim *corev1.PersistentVolumeClaim, wanted resource.Quantity) error {
	current := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if wanted.Cmp(current) <= 0 {
		return nil
	}
	grown := claim.DeepCopy()
	grown.Spec.Resources.Requests[corev1.ResourceStorage] = wanted
	err := a.send(ctx, func() error { return a.Client.Patch(ctx, grown, client.MergeFrom(claim)) })
	switch {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return part.Waiting(v1alpha1.ReasonStoragePending, conflictRetry,
			"claim %s cannot grow to %s: %s; its storage class has to allow expansion", claim.Name, wanted.String(), shorten(err))
	case err != nil:
		return fmt.Errorf("claim %s: %w", claim.Name, err)
	}
	a.Guard.Wrote(KeyOf(owner), grown, func() client.Object { return &corev1.PersistentVolumeClaim{} }, grown.ResourceVersion)
	return nil
}
