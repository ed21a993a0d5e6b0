package rig

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/desired"
)

// CredentialsWhole is D6: every set that an anchor names is complete, was made by requests that were answered with success, and
// there is no other, neither in the world nor in a pod template.
func (w *World) CredentialsWhole(ctx context.Context) error {
	return Eventually(ctx, "the credential sets are whole (D6)", ConvergeLimit, func(ctx context.Context) error {
		c := &credentials{World: w, named: map[string]bool{}, made: w.creations()}
		for _, namespace := range w.Namespaces() {
			list := &corev1.ConfigMapList{}
			if err := w.Client.List(ctx, list, client.InNamespace(namespace), client.HasLabels{anchor.LabelKind}); err != nil {
				return err
			}
			for i := range list.Items {
				if err := c.anchor(ctx, &list.Items[i]); err != nil {
					return err
				}
			}
		}
		return errors.Join(c.leftOvers(ctx), c.references(ctx))
	})
}

// credentials is one look at the sets of a world.
type credentials struct {
	*World
	// named are the records and Secrets that an anchor names.
	named map[string]bool
	made  map[string]creation
}

// creation is how an object came to be: how often it was created, and whether the operator heard of it.
type creation struct {
	times int
	heard bool
}

func (w *World) creations() map[string]creation {
	made := map[string]creation{}
	for _, r := range w.Proxy.Since(w.Begun) {
		if r.Verb == "create" && r.Subresource == "" && r.Status == 201 && !r.DryRun {
			key := r.Resource + " " + r.Namespace + "/" + r.Name
			made[key] = creation{times: made[key].times + 1, heard: r.Delivered}
		}
	}
	return made
}

func (c *credentials) anchor(ctx context.Context, object *corev1.ConfigMap) error {
	a, err := anchor.Parse(object, object.Labels[anchor.LabelKind], object.Labels["app.kubernetes.io/instance"])
	if err != nil {
		return err
	}
	for _, set := range a.Sets() {
		if _, err := c.set(ctx, object.Namespace, set.ConfigMap, set.Secret); err != nil {
			return fmt.Errorf("the anchor of %s: %w", a.Name, err)
		}
	}
	for i := range a.Consumers {
		if consumer := &a.Consumers[i]; !consumer.Departed && consumer.Login != "" {
			if err := errors.Join(c.login(ctx, object.Namespace, consumer), c.previous(ctx, object.Namespace, consumer), c.consumes(ctx, consumer)); err != nil {
				return fmt.Errorf("the anchor of %s: %w", a.Name, err)
			}
		}
	}
	return nil
}

// login: the Secrets of one version hold the same value, and the anchor its digest.
func (c *credentials) login(ctx context.Context, namespace string, consumer *anchor.Consumer) error {
	value, err := c.set(ctx, namespace, consumer.Set.ConfigMap, consumer.Set.Secret)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(value["password"]); hex.EncodeToString(sum[:]) != consumer.Set.Digest {
		return fmt.Errorf("the digest of %s is that of another password", consumer.Set.Secret)
	}
	if consumer.Set.RemoteConfigMap == "" {
		return nil
	}
	remote, err := c.set(ctx, consumer.Namespace, consumer.Set.RemoteConfigMap, consumer.Set.Binding)
	if err != nil {
		return err
	}
	if string(remote["password"]) != string(value["password"]) || string(remote["username"]) != consumer.Login {
		return fmt.Errorf("secrets %s and %s of one version have different values", consumer.Set.Secret, consumer.Set.Binding)
	}
	return nil
}

// previous: the version before stays whole, because pods may run with it still.
func (c *credentials) previous(ctx context.Context, namespace string, consumer *anchor.Consumer) error {
	before := consumer.Previous
	if before == nil {
		return nil
	}
	_, err := c.set(ctx, namespace, before.ConfigMap, before.Secret)
	if err == nil && before.RemoteConfigMap != "" {
		_, err = c.set(ctx, consumer.Namespace, before.RemoteConfigMap, before.Binding)
	}
	return err
}

// set checks a Secret with the record that owns it, and returns its values.
func (c *credentials) set(ctx context.Context, namespace, configMap, name string) (map[string][]byte, error) {
	facts, secret := &corev1.ConfigMap{}, &corev1.Secret{}
	if err := errors.Join(
		c.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: configMap}, facts),
		c.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, secret),
	); err != nil {
		return nil, fmt.Errorf("it names a set that is not there: %w", err)
	}
	owned := len(secret.OwnerReferences) == 1 && secret.OwnerReferences[0].UID == facts.UID
	if secret.Immutable == nil || !*secret.Immutable || !owned || len(facts.OwnerReferences) > 0 {
		return nil, fmt.Errorf("secret %s is not immutable and owned by the record %s of its set alone", name, configMap)
	}
	for _, key := range []string{"configmaps " + namespace + "/" + configMap, "secrets " + namespace + "/" + name} {
		if made := c.made[key]; made.times != 1 || !made.heard {
			return nil, fmt.Errorf("%s counts although it was created %d times, answer heard: %v", key, made.times, made.heard)
		}
	}
	c.named[namespace+"/"+configMap], c.named[namespace+"/"+name] = true, true
	return secret.Data, nil
}

// leftOvers finds a set that no anchor names.
func (c *credentials) leftOvers(ctx context.Context) error {
	for _, namespace := range c.Namespaces() {
		for _, list := range []client.ObjectList{&corev1.ConfigMapList{}, &corev1.SecretList{}} {
			err := c.each(ctx, namespace, list, func(o client.Object) error {
				if !c.named[namespace+"/"+o.GetName()] {
					return fmt.Errorf("%T %s is of a set that no anchor names", o, o.GetName())
				}
				return nil
			}, client.HasLabels{anchor.LabelSet})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// references finds a pod template with a credential that no anchor names.
func (c *credentials) references(ctx context.Context) error {
	for _, namespace := range c.Namespaces() {
		for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &batchv1.JobList{}} {
			err := c.each(ctx, namespace, list, func(o client.Object) error {
				for _, name := range secretsOf(desired.Template(o)) {
					if sets.MatchString(name) && !c.named[namespace+"/"+name] {
						return fmt.Errorf("%T %s uses secret %s, which no anchor names", o, o.GetName(), name)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *credentials) each(
	ctx context.Context, namespace string, list client.ObjectList, check func(client.Object) error, options ...client.ListOption,
) error {
	if err := c.Client.List(ctx, list, append(options, client.InNamespace(namespace))...); err != nil {
		return err
	}
	return meta.EachListItem(list, func(o runtimeObject) error {
		return check(o.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
	})
}

// secretsOf are the Secrets that a pod template refers to.
func secretsOf(pod *corev1.PodTemplateSpec) []string {
	var names []string
	for i := range pod.Spec.Volumes {
		names = append(names, secretsIn(&pod.Spec.Volumes[i])...)
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

func secretsIn(volume *corev1.Volume) []string {
	switch {
	case volume.Secret != nil:
		return []string{volume.Secret.SecretName}
	case volume.Projected == nil:
		return nil
	}
	var names []string
	for _, source := range volume.Projected.Sources {
		if source.Secret != nil {
			names = append(names, source.Secret.Name)
		}
	}
	return names
}
