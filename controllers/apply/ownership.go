package apply

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// checkOwner says whether a live object may be changed for the owner: it is controlled by it, or it is an orphan that carries
// the owner's labels, or it outlives its owner and carries the labels of the same stack entry.
func checkOwner(owner desired.Owner, it *item, live client.Object) error {
	controller := metav1.GetControllerOf(live)
	ours := carriesLabelsOf(owner, it, live)
	switch {
	case !live.GetDeletionTimestamp().IsZero():
		return part.Waiting(v1alpha1.ReasonProgressing, time.Second, "%s %s is being deleted", it.gvk.Kind, live.GetName())
	case controller != nil && controller.UID == owner.Object.GetUID():
		return nil
	case controller != nil && ours: // the children of an owner of the same name that was deleted
		return part.Waiting(v1alpha1.ReasonProgressing, time.Second,
			"%s %s belongs to an earlier %s of this name and is about to go", it.gvk.Kind, live.GetName(), owner.GVK.Kind)
	case controller == nil && ours:
		return nil
	}
	return part.Waiting(v1alpha1.ReasonNameConflict, conflictRetry,
		"%s %s exists and belongs to somebody else; rename or remove it, or rename the entry, component or %s that needs the name",
		it.gvk.Kind, live.GetName(), owner.GVK.Kind)
}

// carriesLabelsOf says whether a live object has the labels that lead to the owner. That of the entry may have been removed by
// hand.
func carriesLabelsOf(owner desired.Owner, it *item, live client.Object) bool {
	labels, entry := live.GetLabels(), live.GetLabels()[v1alpha1.LabelEntry]
	return labels[kit.LabelManagedBy] == kit.ManagedBy &&
		labels[desired.LabelOwnerKind] == owner.GVK.Kind && labels[desired.LabelOwnerName] == owner.Object.GetName() &&
		(entry == it.object.GetLabels()[v1alpha1.LabelEntry] || entry == "")
}

// explain turns a refusal of the API server into what the user can do about it.
func explain(it *item, err error) error {
	subject := fmt.Sprintf("%s %s", it.gvk.Kind, it.object.GetName())
	switch {
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return part.Invalid(v1alpha1.ReasonInvalid, "%s is refused by the API server: %s", subject, shorten(err))
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return fmt.Errorf("%s: %w", subject, err)
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		message, _, _ := strings.Cut(shorten(err), ", used:") // the rest counts, and would change with every neighbour
		return part.Waiting(v1alpha1.ReasonQuotaExceeded, conflictRetry, "%s is refused by the quota of the namespace: %s", subject, message)
	case apierrors.IsForbidden(err):
		return part.Waiting(v1alpha1.ReasonRefused, conflictRetry, "%s is forbidden: %s", subject, shorten(err))
	}
	return fmt.Errorf("%s: %w", subject, err)
}

func shorten(err error) string {
	const limit = 300
	text := err.Error()
	if len(text) > limit {
		text = text[:limit] + "..."
	}
	return text
}
