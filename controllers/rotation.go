package controllers

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// advance writes into the anchor what has come to pass since it was written: the Job made logins and took others back, or no pod
// uses a login any more that was replaced. Each is a step of its own, and each is seen again when the write was lost.
//
// A stack that left is taken out once its logins are gone: a service that previews come to and go from would otherwise outgrow
// its anchor.
func (r *DataServiceReconciler) advance(ctx context.Context, owner desired.Owner, pass *status.ServicePass) error {
	next := pass.Plan.Anchor.Clone()
	if o := pass.Output; o != nil && jobSucceeded(pass, o.Provisioning) {
		next.Provisioned()
		if pass.Plan.View.Kind == resolve.KindCache {
			next.Settled(pass.Plan.Service.Replicas)
		}
	}
	if o := pass.Output; o != nil && jobSucceeded(pass, o.Members) {
		next.Members = pass.Plan.Provider.Members(pass.Plan.Service)
	}
	if err := r.letGo(ctx, pass, next); err != nil {
		return err
	}
	upgraded(pass, next)
	if service := pass.Plan.Service; !service.Suspended && service.TLS != v1alpha1.TLSDisabled {
		next.Renew(restarted(pass), time.Now())
	}
	if anchor.Equal(next, pass.Plan.Anchor) {
		return nil
	}
	store := &anchor.Store{Client: r.Client, Live: r.Live}
	object, err := store.Update(ctx, pass.Plan.Object, next)
	if err != nil {
		return err
	}
	r.anchorWritten(owner, object)
	pass.Plan.Object, pass.Plan.Anchor = object, next
	return nil
}

// jobSucceeded says whether a Job of this very pass did; an empty name is that of none: its name follows from the logins that it makes and takes back, or from the
// members that it wants. Where all but an extension is made, the logins are.
func jobSucceeded(pass *status.ServicePass, job string) bool {
	return job != "" && pass.State != nil && slices.ContainsFunc(pass.State.Workloads, func(w observe.Workload) bool {
		return w.Kind == "Job" && w.Name == job && (w.RolledOut || w.LacksExtensions())
	})
}

// restarted says whether the pods of a service are all as this pass wants them.
func restarted(pass *status.ServicePass) bool {
	return pass.State != nil && len(pass.Held) == 0 && !slices.ContainsFunc(pass.State.Workloads, func(w observe.Workload) bool {
		return w.Kind != "Job" && !w.RolledOut && !pass.Exporter(w)
	})
}

// letGo notes the logins that were replaced and that no pod uses any more.
func (r *DataServiceReconciler) letGo(ctx context.Context, pass *status.ServicePass, next *anchor.Anchor) error {
	if pass.Plan.Service.Suspended { // nobody could take a login back
		return nil
	}
	for i := range next.Consumers {
		c := &next.Consumers[i]
		if !c.Moving() || !told(pass.Plan.View.Status.Consumers, c) {
			continue
		}
		moved, err := r.moved(ctx, c)
		if err != nil {
			return err
		}
		if moved {
			c.Released()
		}
	}
	return nil
}

// told says whether the status, as everybody sees it, names the newest binding of a consumer: from then on its stack builds from
// that one only.
func told(consumers []v1alpha1.ConsumerStatus, c *anchor.Consumer) bool {
	return slices.ContainsFunc(consumers, func(seen v1alpha1.ConsumerStatus) bool {
		return seen.Namespace == c.Namespace && seen.Stack == c.Stack && seen.Entry == c.Entry &&
			seen.Binding != nil && seen.Binding.Name == c.Set.Binding
	})
}

// moved says whether every pod of a consumer has gone to its newest login. Pods tell themselves: what a tenant writes into his
// namespace can only keep his own login for longer. While new pods do not get ready the old ones run, and their login works.
func (r *DataServiceReconciler) moved(ctx context.Context, c *anchor.Consumer) (bool, error) {
	before, after, pods := &appsv1.DeploymentList{}, &appsv1.DeploymentList{}, &corev1.PodList{}
	for list, binding := range map[client.ObjectList]string{
		before: c.Previous.Binding, pods: c.Previous.Binding, after: c.Set.Binding,
	} {
		err := r.Client.List(ctx, list, client.InNamespace(c.Namespace), client.MatchingFields{indexBindings: binding})
		if err != nil {
			return false, err
		}
	}
	rolling := slices.ContainsFunc(after.Items, func(d appsv1.Deployment) bool { return !observe.RolledOut(&d) })
	running := slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return !ended(&pod) })
	return len(before.Items) == 0 && !rolling && !running, nil
}

// dates are the times at which something becomes due; the zero time: never.
func dates(plan *resolve.ServicePlan, after client.Object, now time.Time) []time.Time {
	result := []time.Time{plan.Anchor.Next(plan.Schedule())}
	if plan.Service.TLS != v1alpha1.TLSDisabled {
		result = append(result, plan.Anchor.RenewalAt(plan.View.Common.Credentials))
	}
	if database, ok := after.(*v1alpha1.StackDatabase); ok {
		if overdue := status.OverdueAt(database); overdue.After(now) {
			result = append(result, overdue)
		}
	}
	return result
}

// wake has the next pass begin when the next login or renewal is due, or a backup overdue, where nothing else is awaited.
func wake(result ctrl.Result, pass *status.ServicePass, after client.Object, now time.Time) ctrl.Result {
	plan := pass.Plan
	if pass.Err != nil || result.RequeueAfter != 0 || plan.Service == nil || plan.Service.Suspended {
		return result
	}
	for _, next := range dates(plan, after, now) {
		if after := max(next.Sub(now), time.Second); !next.IsZero() && (result.RequeueAfter == 0 || after < result.RequeueAfter) {
			result.RequeueAfter = after
		}
	}
	return result
}
