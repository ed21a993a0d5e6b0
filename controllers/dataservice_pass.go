package controllers

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/resolve"
	"github.com/stackwright/stackwright/controllers/status"
)

// run is one pass over a data service: resolve, credentials, desired, apply, observe.
func (r *DataServiceReconciler) run(ctx context.Context, owner desired.Owner) status.ServicePass {
	plan, err := r.Resolver.Service(ctx, owner.Object)
	pass := status.ServicePass{Plan: plan, Err: err}
	if err == nil {
		pass.Err = r.converge(ctx, owner, &pass)
	}
	if state, err := r.Observer.Read(ctx, owner, pass.Generations); err == nil {
		pass.State = state
	} else if pass.Err == nil {
		pass.Err = err
	}
	if pass.Err == nil {
		pass.Err = r.advance(ctx, owner, &pass)
	}
	if err := r.replaceMissingSecrets(ctx, &pass); err != nil {
		pass.Err = err
	}
	if err := r.record(ctx, pass.Plan); err != nil && pass.Err == nil {
		pass.Err = err
	}
	return pass
}

func (r *DataServiceReconciler) converge(ctx context.Context, owner desired.Owner, pass *status.ServicePass) error {
	if err := r.recovered(ctx, owner, pass.Plan); err != nil {
		return err
	}
	recorded, err := r.anchored(ctx, owner, pass.Plan)
	if err != nil {
		return err
	}
	pass.Plan.Complete(recorded)
	if err := r.backupBefore(ctx, pass.Plan); err != nil {
		return err
	}
	output, err := desired.Service(pass.Plan, owner)
	if err != nil {
		return err
	}
	result, err := r.Applier.Apply(ctx, owner, output)
	pass.Output, pass.Held, pass.Generations = &output, result.Held, result.Generations
	if err != nil {
		return err
	}
	if err := r.Applier.GrowClaims(ctx, owner, output); err != nil {
		return err
	}
	keep, err := r.mountedByRuns(ctx, owner)
	if err != nil {
		return err
	}
	return r.Applier.Prune(ctx, owner, result, output, keep)
}

// anchored makes the anchor say what it should: it is written before the first object, and again once the credentials that it
// names were made.
func (r *DataServiceReconciler) anchored(
	ctx context.Context, owner desired.Owner, plan *resolve.ServicePlan,
) (*anchor.Anchor, error) {
	store := &anchor.Store{Client: r.Client, Live: r.Live}
	object, written := plan.Object, plan.Recorded
	var err error
	if object == nil {
		if object, err = store.Create(ctx, plan.Service.Namespace, plan.Anchor); err != nil {
			return nil, err
		}
		written, plan.Object = plan.Anchor.Clone(), object
		r.anchorWritten(owner, object)
	}
	if err := r.dropLost(ctx, plan); err != nil {
		return nil, err
	}
	maker := &credentials.Maker{
		Client: r.Client, Provider: plan.Provider, Now: time.Now(), Seen: keys(plan.Sets), Declared: plan.View.Common.Credentials,
	}
	next, err := maker.Ensure(ctx, plan.Service, plan.Anchor, plan.Consumers)
	noteFailures(plan, maker.Failed)
	if err != nil || len(maker.Failed) > 0 || anchor.Equal(next, written) {
		// Burnt sets must not pile up while something is refused again and again.
		if swept := r.sweep(ctx, plan, written); err == nil {
			err = swept
		}
	}
	if err != nil {
		return nil, unlessRefused(err)
	}
	if anchor.Equal(next, written) {
		return next, nil
	}
	if plan.Object, err = store.Update(ctx, object, next); err != nil {
		return nil, err
	}
	r.anchorWritten(owner, plan.Object)
	return next, nil
}

// dropLost takes out of the anchor the credential sets whose ConfigMap is gone: the garbage collector took their Secrets, so
// another version has to be made. The cache may be behind; a live read decides.
func (r *DataServiceReconciler) dropLost(ctx context.Context, plan *resolve.ServicePlan) error {
	seen := keys(plan.Sets)
	for _, record := range plan.Anchor.Records(plan.Service.Namespace) {
		if slices.Contains(seen, record) {
			continue
		}
		err := r.Live.Get(ctx, record, &corev1.ConfigMap{})
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil {
			plan.Anchor.Drop(record.Name)
		}
	}
	return nil
}

func (r *DataServiceReconciler) anchorWritten(owner desired.Owner, object *corev1.ConfigMap) {
	r.Applier.Guard.Wrote(apply.KeyOf(owner), object, emptyConfigMap, object.ResourceVersion)
}

func emptyConfigMap() client.Object { return &corev1.ConfigMap{} }

func keys(sets []corev1.ConfigMap) []types.NamespacedName {
	result := make([]types.NamespacedName, 0, len(sets))
	for i := range sets {
		result = append(result, client.ObjectKeyFromObject(&sets[i]))
	}
	return result
}

// sweep deletes the ConfigMaps of credential sets that no anchor names: burnt ones and replaced ones. The garbage collector
// takes their Secrets. The anchor is read live first: a stale view must not cost a credential that is in use.
func (r *DataServiceReconciler) sweep(ctx context.Context, plan *resolve.ServicePlan, a *anchor.Anchor) error {
	var current *anchor.Anchor
	for i := range plan.Sets {
		set := &plan.Sets[i]
		if a.Names(set.Name) || !set.DeletionTimestamp.IsZero() {
			continue
		}
		if current == nil {
			live := &corev1.ConfigMap{}
			if err := r.Live.Get(ctx, client.ObjectKeyFromObject(plan.Object), live); err != nil {
				return err
			}
			var err error
			if current, err = anchor.Parse(live, a.Kind, a.Name); err != nil {
				return err
			}
		}
		if current.Names(set.Name) {
			continue
		}
		uid, version := set.UID, set.ResourceVersion
		err := r.Client.Delete(ctx, set.DeepCopy(), client.Preconditions{UID: &uid, ResourceVersion: &version})
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
