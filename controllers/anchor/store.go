package anchor

import (
	"context"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Store writes anchors.
type Store struct {
	// Client writes to the API server; Live reads from it.
	Client client.Client
	Live   client.Reader
}

// Create writes the anchor of a new service. It returns the object as the API server holds it.
func (s *Store) Create(ctx context.Context, namespace string, a *Anchor) (*corev1.ConfigMap, error) {
	object, err := a.ConfigMap(namespace)
	if err != nil {
		return nil, err
	}
	err = s.Client.Create(ctx, object)
	if apierrors.IsAlreadyExists(err) {
		return nil, s.reclaim(ctx, object, a)
	}
	if err != nil {
		return nil, fmt.Errorf("anchor %s: %w", object.Name, err)
	}
	return object, nil
}

// reclaim looks at an object that exists although the cache lacks it: an anchor that is new or has lost its labels is ours.
func (s *Store) reclaim(ctx context.Context, wanted *corev1.ConfigMap, a *Anchor) error {
	live := &corev1.ConfigMap{}
	if err := s.Live.Get(ctx, client.ObjectKeyFromObject(wanted), live); err != nil {
		return err
	}
	labelled := live.DeepCopy()
	labelled.Labels = wanted.Labels
	if _, err := Parse(labelled, a.Kind, a.Name); err != nil {
		if live.Labels[LabelKind] != a.Kind { // neither its label nor its content says that it is an anchor
			_, err = Parse(live, a.Kind, a.Name)
		}
		return err
	}
	if !reflect.DeepEqual(live.Labels, labelled.Labels) {
		if err := s.Client.Patch(ctx, labelled, client.MergeFrom(live)); err != nil {
			return err
		}
	}
	return part.Waiting(v1alpha1.ReasonProgressing, time.Second, "the anchor %s is being read", wanted.Name)
}

// Update writes the anchor, if nobody changed it since it was read.
func (s *Store) Update(ctx context.Context, object *corev1.ConfigMap, a *Anchor) (*corev1.ConfigMap, error) {
	wanted, err := a.ConfigMap(object.Namespace)
	if err != nil {
		return nil, err
	}
	next := object.DeepCopy()
	next.Data = wanted.Data
	if _, err := Parse(wanted, a.Kind, a.Name); err != nil { // written, it would lock everybody out
		return nil, part.Waiting(v1alpha1.ReasonAnchorInvalid, nameConflictRetry,
			"ConfigMap %s is left as it is, since its next content could not be read again: %d consumers are recorded; "+
				"remove some, or share another %s", object.Name, len(a.Consumers), a.Kind)
	}
	if err := s.Client.Patch(ctx, next, client.MergeFromWithOptions(object, client.MergeFromWithOptimisticLock{})); err != nil {
		return nil, fmt.Errorf("anchor %s: %w", object.Name, err)
	}
	return next, nil
}

// Equal says whether two anchors say the same.
func Equal(a, b *Anchor) bool { return reflect.DeepEqual(a, b) }
