package controllers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/desired"
)

// wholeStack uses every kind of data service, and a database of another namespace.
const wholeStack = `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: FOREIGN}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: All}, databases: [orders]}
---
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  - {name: orders, ref: {namespace: FOREIGN, name: orders, database: orders}}
  caches:
  - {name: sessions, engine: Valkey}
  queues:
  - {name: jobs, engine: RabbitMQ}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
`

func difference(want, got string) string {
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wantLines), len(gotLines)) {
		if wantLines[i] != gotLines[i] {
			return strings.Join(wantLines[max(0, i-5):i], "\n") + "\n- " + wantLines[i] + "\n+ " + gotLines[i]
		}
	}
	return "one is the beginning of the other"
}

// setsAreWhole waits until the credentials are as D6 says: every set that an anchor names is complete, was made by requests
// that were answered with success, and is the only one that is there and in use.
func (w *world) setsAreWhole() {
	w.t.Helper()
	w.eventually("the credential sets are whole", func() error {
		named := map[string]bool{}
		for _, a := range w.anchors() {
			if err := w.checkAnchor(a, named); err != nil {
				return err
			}
		}
		return errors.Join(w.checkLeftOvers(named), w.checkReferences(named))
	})
}

// located is an anchor with its namespace.
type located struct {
	*anchor.Anchor
	namespace string
}

func (w *world) anchors() []located {
	w.t.Helper()
	var result []located
	for _, namespace := range []string{w.own, w.foreign} {
		list := &corev1.ConfigMapList{}
		w.must(w.client.List(w.t.Context(), list, client.InNamespace(namespace), client.HasLabels{anchor.LabelKind}))
		for i := range list.Items {
			object := &list.Items[i]
			a, err := anchor.Parse(object, object.Labels[anchor.LabelKind], object.Labels["app.kubernetes.io/instance"])
			w.must(err)
			result = append(result, located{a, namespace})
		}
	}
	return result
}

// checkAnchor looks at every set that an anchor names, and adds the names of its objects to named.
func (w *world) checkAnchor(a located, named map[string]bool) error {
	for _, set := range []*anchor.Set{a.Admin, a.Certificate} {
		if set == nil {
			continue
		}
		if _, err := w.checkSecret(a.namespace, set.ConfigMap, set.Secret, named); err != nil {
			return err
		}
	}
	for _, c := range a.Consumers {
		value, err := w.checkSecret(a.namespace, c.Set.ConfigMap, c.Set.Secret, named)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(value["password"]); c.Login != "" && hex.EncodeToString(sum[:]) != c.Set.Digest {
			return fmt.Errorf("the anchor of %s has the digest of another password than %s", a.Name, c.Set.Secret)
		}
		if c.Namespace == a.namespace {
			continue
		}
		remote, err := w.checkSecret(c.Namespace, c.Set.RemoteConfigMap, c.Set.Binding, named)
		if err != nil {
			return err
		}
		if string(remote["password"]) != string(value["password"]) || string(remote["username"]) != c.Login {
			return fmt.Errorf("the Secrets %s and %s of one version have different values", c.Set.Secret, c.Set.Binding)
		}
	}
	return nil
}

func (w *world) checkSecret(namespace, configMap, name string, named map[string]bool) (map[string][]byte, error) {
	object := &corev1.Secret{}
	if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		return nil, err
	}
	facts := &corev1.ConfigMap{}
	if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: namespace, Name: configMap}, facts); err != nil {
		return nil, err
	}
	switch {
	case object.Immutable == nil || !*object.Immutable:
		return nil, fmt.Errorf("secret %s can be changed", name)
	case len(object.OwnerReferences) != 1 || object.OwnerReferences[0].UID != facts.UID:
		return nil, fmt.Errorf("secret %s is not owned by %s", name, configMap)
	case len(facts.OwnerReferences) != 0:
		return nil, fmt.Errorf("the set %s has an owner", configMap)
	}
	named[namespace+"/"+name] = true
	return object.Data, errors.Join(w.made("secrets", namespace, name), w.made("configmaps", namespace, configMap))
}

// made says whether an object was created by one request that was answered with 201, and that the operator got.
func (w *world) made(resource, namespace, name string) error {
	count := 0
	for _, line := range w.record {
		for _, r := range line.since(0) {
			if r.verb != "create" || r.resource != resource || r.namespace != namespace || r.name != name || r.status != 201 {
				continue
			}
			if count++; !r.delivered {
				return fmt.Errorf("%s %s counts although the answer to its creation was lost", resource, name)
			}
		}
	}
	if count != 1 {
		return fmt.Errorf("%s %s was created %d times", resource, name, count)
	}
	return nil
}

// checkLeftOvers says whether there is a credential that no anchor names.
func (w *world) checkLeftOvers(named map[string]bool) error {
	for _, namespace := range []string{w.own, w.foreign} {
		sets, secrets := &corev1.ConfigMapList{}, &corev1.SecretList{}
		w.must(w.client.List(w.t.Context(), sets, client.InNamespace(namespace), client.HasLabels{anchor.LabelSet}))
		w.must(w.client.List(w.t.Context(), secrets, client.InNamespace(namespace)))
		for _, object := range append(items(sets), items(secrets)...) {
			if !named[namespace+"/"+object.GetName()] {
				return fmt.Errorf("%T %s is named by no anchor", object, object.GetName())
			}
		}
	}
	return nil
}

// checkReferences says whether a pod would use a Secret that no anchor names.
func (w *world) checkReferences(named map[string]bool) error {
	for _, namespace := range []string{w.own, w.foreign} {
		for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &batchv1.JobList{}} {
			w.must(w.client.List(w.t.Context(), list, client.InNamespace(namespace)))
			for _, object := range items(list) {
				for _, name := range secretsOf(desired.Template(object)) {
					if !named[namespace+"/"+name] {
						return fmt.Errorf("%T %s uses Secret %s, which no anchor names", object, object.GetName(), name)
					}
				}
			}
		}
	}
	return nil
}

// secretsOf are the Secrets that a pod refers to.
func secretsOf(pod *corev1.PodTemplateSpec) []string {
	var names []string
	for _, volume := range pod.Spec.Volumes {
		if volume.Secret != nil {
			names = append(names, volume.Secret.SecretName)
		}
		if volume.Projected != nil {
			for _, source := range volume.Projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
	}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, variable := range container.Env {
			if from := variable.ValueFrom; from != nil && from.SecretKeyRef != nil {
				names = append(names, from.SecretKeyRef.Name)
			}
		}
		for _, source := range container.EnvFrom {
			if source.SecretRef != nil {
				names = append(names, source.SecretRef.Name)
			}
		}
	}
	return names
}
