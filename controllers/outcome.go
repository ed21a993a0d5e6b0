package controllers

import (
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// cacheLag is how soon a pass is tried again that found the cache behind its own writes.
	cacheLag = 15 * time.Millisecond
	// eventLag is how soon events are looked at again while something is not ready for an unknown cause.
	eventLag = 5 * time.Second
)

// outcome sorts the three kinds of error: what the user must change is not retried, what has to happen first is awaited
// without an error in the log, the rest is retried.
func outcome(err error, state *observe.State) (ctrl.Result, error) {
	if waiting := part.AsWaiting(err); waiting != nil {
		return ctrl.Result{RequeueAfter: waiting.After}, nil
	}
	if part.AsInvalid(err) != nil {
		return ctrl.Result{}, nil
	}
	if err == nil && state != nil && state.Unexplained {
		return ctrl.Result{RequeueAfter: eventLag}, nil
	}
	return ctrl.Result{}, err
}

// stale says whether a pass failed only because somebody wrote at the same time, or because the namespace is going: the next
// pass sees more, and a status about it would be noise.
func stale(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if apierrors.IsConflict(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return true
		}
	}
	return false
}

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// announce records an event when Ready changed its state or reason, in the words of the condition.
func announce(recorder events.EventRecorder, object client.Object, before, after []metav1.Condition) {
	old := meta.FindStatusCondition(before, v1alpha1.ConditionReady)
	current := meta.FindStatusCondition(after, v1alpha1.ConditionReady)
	if current == nil || old != nil && old.Status == current.Status && old.Reason == current.Reason {
		return
	}
	if old == nil && current.Reason == v1alpha1.ReasonProgressing { // everything starts like this
		return
	}
	kind := corev1.EventTypeWarning
	switch current.Reason {
	case v1alpha1.ReasonReady, v1alpha1.ReasonIdle, v1alpha1.ReasonProgressing, v1alpha1.ReasonSuspended, v1alpha1.ReasonCredentialsPending:
		kind = corev1.EventTypeNormal
	}
	recorder.Eventf(object, nil, kind, current.Reason, "Reconcile", "%s", current.Message)
}

// serviceOf returns the key in an annotation of the form kind/namespace/name, if it is of the kind.
func serviceOf(annotation, kind string) []client.ObjectKey {
	parts := strings.Split(annotation, "/")
	if len(parts) != 3 || parts[0] != kind {
		return nil
	}
	return []client.ObjectKey{{Namespace: parts[1], Name: parts[2]}}
}
