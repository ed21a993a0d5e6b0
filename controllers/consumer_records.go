package controllers

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
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

// forgetDeparted takes the stacks that left out of the anchor once the Job that took their logins back was seen to succeed. A
// service that previews come to and go from would otherwise outgrow its anchor.
func (r *DataServiceReconciler) forgetDeparted(ctx context.Context, owner desired.Owner, pass *status.ServicePass) error {
	if len(pass.Plan.Service.Departed) == 0 || !jobSucceeded(pass) {
		return nil
	}
	next := pass.Plan.Anchor.Clone()
	next.Forget(func(anchor.Consumer) bool { return true })
	store := &anchor.Store{Client: r.Client, Live: r.Live}
	object, err := store.Update(ctx, pass.Plan.Object, next)
	if err != nil {
		return err
	}
	r.anchorWritten(owner, object)
	return nil
}

// jobSucceeded says whether the Job of this very pass did: its name follows from the logins that it takes back.
func jobSucceeded(pass *status.ServicePass) bool {
	return pass.Output != nil && pass.Output.Provisioning != "" && pass.State != nil &&
		slices.ContainsFunc(pass.State.Workloads, func(w observe.Workload) bool {
			return w.Kind == "Job" && w.Name == pass.Output.Provisioning && w.RolledOut
		})
}
