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
			if err := r.burnIfGone(ctx, stack.Namespace, entry.Dependency.Secret); err != nil {
				return err
			}
		}
	}
	generated := &credentials.Generated{Client: r.Client}
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

func (r *BackendStackReconciler) burnIfGone(ctx context.Context, namespace, secret string) error {
	gone, err := r.secretGone(ctx, namespace, secret)
	if err != nil || !gone {
		return err
	}
	return r.burn(ctx, namespace, secret)
}

func (r *BackendStackReconciler) secretGone(ctx context.Context, namespace, name string) (bool, error) {
	probe := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	err := r.Client.Create(ctx, probe, client.DryRunAll)
	if apierrors.IsAlreadyExists(err) {
		return false, nil
	}
	return err == nil, err
}

// burn deletes the ConfigMap of the credential set that the Secret belonged to: its service then makes the next version.
func (r *BackendStackReconciler) burn(ctx context.Context, namespace, secret string) error {
	set := &corev1.ConfigMap{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: secret}, set); err != nil {
		return client.IgnoreNotFound(err)
	}
	if set.Labels[anchor.LabelSet] == "" {
		return nil
	}
	uid := set.UID
	return client.IgnoreNotFound(r.Client.Delete(ctx, set.DeepCopy(), client.Preconditions{UID: &uid}))
}
