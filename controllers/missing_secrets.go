package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/credentials"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/status"
)

// replaceMissingSecrets has the Secrets made anew that somebody deleted under the stack's pods. The operator cannot read
// Secrets; whether one exists it learns from a create that is only tried. It asks only while a pod says that something is
// missing.
func (r *BackendStackReconciler) replaceMissingSecrets(ctx context.Context, pass *status.StackPass) error {
	if pass.Err != nil || pass.State == nil || !slices.ContainsFunc(pass.State.Workloads, missesSomething) {
		return nil
	}
	stack := pass.Plan.Object
	for i := range pass.Plan.Entries {
		entry := &pass.Plan.Entries[i]
		if entry.External == nil && entry.Dependency.Secret != "" {
			if err := burnIfGone(ctx, r.Client, stack.Namespace, entry.Dependency.Secret); err != nil {
				return err
			}
		}
	}
	generated := &credentials.Generated{Client: r.Client, Live: r.Applier.Live}
	for i := range stack.Spec.Secrets {
		if err := generated.Replace(ctx, stack, &stack.Spec.Secrets[i]); err != nil {
			return err
		}
	}
	return nil
}

func missesSomething(w observe.Workload) bool {
	return w.Cause != nil && w.Cause.Reason == v1alpha1.ReasonConfigMissing
}

// replaceMissingSecrets has the Secrets made anew that somebody deleted under the service's own pods. Those of consumers in
// other namespaces are looked after by their stacks.
func (r *DataServiceReconciler) replaceMissingSecrets(ctx context.Context, pass *status.ServicePass) error {
	if pass.Err != nil || pass.State == nil || !slices.ContainsFunc(pass.State.Workloads, missesSomething) {
		return nil
	}
	for _, set := range pass.Plan.Anchor.Sets() {
		if err := burnIfGone(ctx, r.Client, pass.Plan.Service.Namespace, set.Secret); err != nil {
			return err
		}
	}
	return nil
}

func burnIfGone(ctx context.Context, c client.Client, namespace, secret string) error {
	gone, err := secretGone(ctx, c, namespace, secret)
	if err != nil || !gone {
		return err
	}
	return burn(ctx, c, namespace, secret)
}

func secretGone(ctx context.Context, c client.Client, namespace, name string) (bool, error) {
	probe := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	err := c.Create(ctx, probe, client.DryRunAll)
	if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) { // a full quota answers before the name is looked at
		return false, nil
	}
	return err == nil, err
}

// burn deletes the ConfigMap of the credential set that the Secret belonged to: its service then makes the next version.
func burn(ctx context.Context, c client.Client, namespace, secret string) error {
	set := &corev1.ConfigMap{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: secret}, set); err != nil {
		return client.IgnoreNotFound(err)
	}
	if set.Labels[anchor.LabelSet] == "" {
		return nil
	}
	uid := set.UID
	return client.IgnoreNotFound(c.Delete(ctx, set.DeepCopy(), client.Preconditions{UID: &uid}))
}
