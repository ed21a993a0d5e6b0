package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// objects are those of a namespace as text with their versions, by KIND/NAME.
type objects map[string]string

// lists are of every kind that a tenant or the operator could change, pods and Secrets among them.
func lists() []client.ObjectList {
	all := []client.ObjectList{
		&v1alpha1.BackendStackList{}, &v1alpha1.StackDatabaseList{}, &v1alpha1.StackCacheList{}, &v1alpha1.StackQueueList{},
		&corev1.PersistentVolumeClaimList{}, &corev1.SecretList{}, &corev1.PodList{},
	}
	for _, kind := range apply.Kinds() {
		all = append(all, kind.NewList())
	}
	return all
}

// snapshot reads every object of a namespace.
func snapshot(ctx context.Context, c client.Client, namespace string) (objects, error) {
	all := objects{}
	err := each(ctx, c, namespace, func(kind string, object client.Object) error {
		if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
			forget(claim)
		}
		text, err := json.Marshal(object)
		all[kind+"/"+object.GetName()] = string(text)
		return err
	})
	return all, err
}

// forget drops of a claim what Kubernetes writes by itself when a pod takes it or leaves it.
func forget(claim *corev1.PersistentVolumeClaim) {
	claim.Status, claim.ManagedFields, claim.ResourceVersion = corev1.PersistentVolumeClaimStatus{}, nil, ""
}

// each calls do with every object of a namespace.
func each(ctx context.Context, c client.Client, namespace string, do func(kind string, object client.Object) error) error {
	for _, list := range lists() {
		if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return err
		}
		kind := strings.TrimSuffix(kindOf(list), "List")
		err := meta.EachListItem(list, func(item runtime.Object) error {
			return do(kind, item.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func kindOf(object runtime.Object) string {
	kinds, _, err := rig.Scheme.ObjectKinds(object)
	if err != nil || len(kinds) == 0 {
		return ""
	}
	return kinds[0].Kind
}

// equal says where objects are not what they were, but for those that may be touched.
func (o objects) equal(before objects, but []string) error {
	all := maps.Clone(before)
	maps.Copy(all, o)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if o[name] != before[name] && !slices.Contains(but, name) {
			return changed(name, before[name], o[name])
		}
	}
	return nil
}

// changed tells of the first place where an object is not what it was.
func changed(name, before, now string) error {
	at := 0
	for at < min(len(before), len(now)) && before[at] == now[at] {
		at++
	}
	around := func(text string) string { return text[max(0, min(at-100, len(text))):min(len(text), at+200)] }
	return fmt.Errorf("%s is not what it was\nbefore: %s\nnow:    %s", name, around(before), around(now))
}
