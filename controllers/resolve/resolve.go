// Package resolve reads what a pass needs to know (class, anchor, consumers, other services) and turns it into the plain facts
// that rooms build from. It is the only reader before apply.
package resolve

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/part"
)

// Resolver reads from the cache.
type Resolver struct {
	// Cache reads what is watched; it never asks the API server.
	Cache client.Reader
	// Providers in the order of preference.
	Providers []part.Provider
	// Served says whether the cluster serves a kind.
	Served func(schema.GroupVersionKind) bool
	// ClusterDomain is the DNS domain of the cluster.
	ClusterDomain string
}

// found reads an object and says whether it exists.
func (r *Resolver) found(ctx context.Context, namespace, name string, into client.Object) (bool, error) {
	err := r.Cache.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// namespaceMatches says whether a namespace's labels match a selector; nil matches all.
func (r *Resolver) namespaceMatches(ctx context.Context, namespace string, selector *metav1.LabelSelector) (bool, error) {
	if selector == nil {
		return true, nil
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, nil //nolint:nilerr // a selector that cannot be read matches nothing; its owner's condition names it
	}
	object := &corev1.Namespace{}
	exists, err := r.found(ctx, "", namespace, object)
	return exists && parsed.Matches(labels.Set(object.Labels)), err
}
