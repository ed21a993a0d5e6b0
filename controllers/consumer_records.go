package controllers

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// refusalRetry is how soon a namespace that refused a credential set is tried again: no watch tells of quotas and policies.
const refusalRetry = 30 * time.Second

// noteFailures sorts why consumers have no credentials: what their namespace refuses is told to them and tried again at
// leisure, anything else is retried as an error. The first error counts, since that one is retried sooner.
func noteFailures(plan *resolve.ServicePlan, failed []credentials.Failure) {
	for _, failure := range failed {
		err := unlessRefused(failure.Err)
		waiting := part.AsWaiting(err)
		waits := waiting != nil
		if waits {
			plan.Refuse(failure.Consumer, waiting.Reason)
		}
		if plan.Failed == nil || part.AsWaiting(plan.Failed) != nil && !waits {
			plan.Failed = err
		}
	}
}

// unlessRefused turns the refusal of a namespace by quota, policy or its end into something that is waited for: each try costs
// a set that has to be swept.
func unlessRefused(err error) error {
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause),
		apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsNotFound(err):
		reason := v1alpha1.ReasonRefused
		if strings.Contains(err.Error(), "exceeded quota") {
			reason = v1alpha1.ReasonQuotaExceeded
		}
		return part.Waiting(reason, refusalRetry, "%v", err)
	}
	return err
}
