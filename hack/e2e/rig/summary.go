package rig

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/controllers/anchor"
)

// Summary is what the operator wrote: how often each object was created, deleted and changed.
type Summary struct {
	Creates, Deletes map[string]int
	Writes, Requests int
}

// Summary counts what the operator did since a mark.
func (w *World) Summary(mark int) Summary {
	s := Summary{Creates: map[string]int{}, Deletes: map[string]int{}}
	for _, r := range w.Proxy.Since(mark) {
		if !w.Has(r.Namespace) {
			continue
		}
		s.Requests++
		if !r.Write() {
			continue
		}
		s.Writes++
		done := r.Status >= 200 && r.Status < 300
		switch name := w.Masked(r.Object()); {
		case done && r.Verb == "create" && r.Subresource == "":
			s.Creates[name]++
		case done && r.Verb == "delete":
			s.Deletes[name]++
		}
	}
	return s
}

// Exceeds is O8: it says where more or something else was created and deleted than in the undisturbed run, or where much more was
// asked. Credential sets may be made more often: one whose making was disturbed is burnt, and goes. Whatever is named by its
// content may come and go as often as that content changes on the way; what is left of it must be equal.
func (s Summary) Exceeds(want Summary) error {
	var problems []string
	mine, undisturbed := s.settled(), want.settled()
	problems = append(problems, compareCounts("created", mine.Creates, undisturbed.Creates)...)
	problems = append(problems, compareCounts("deleted", mine.Deletes, undisturbed.Deletes)...)
	if most := 2*want.Writes + 25; s.Writes > most {
		problems = append(problems, fmt.Sprintf("%d writes, undisturbed %d", s.Writes, want.Writes))
	}
	if most := 3*want.Requests + 120; s.Requests > most {
		problems = append(problems, fmt.Sprintf("%d requests, undisturbed %d", s.Requests, want.Requests))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the operator did other things than in the undisturbed run (O8): %s", strings.Join(problems, "; "))
}

// settled leaves out credential sets, and of what is named by its content takes the difference of creations and deletions.
func (s Summary) settled() Summary {
	result := Summary{Creates: map[string]int{}, Deletes: maps.Clone(s.Deletes)}
	for name, n := range s.Creates {
		if twin := "delete" + strings.TrimPrefix(name, "create"); strings.HasSuffix(name, "-HASH") {
			n -= result.Deletes[twin]
			delete(result.Deletes, twin)
		}
		result.Creates[name] = n
	}
	for _, counts := range []map[string]int{result.Creates, result.Deletes} {
		maps.DeleteFunc(counts, func(name string, n int) bool { return n == 0 || strings.Contains(name, "-vN-random") })
	}
	return result
}

func compareCounts(what string, got, want map[string]int) []string {
	var problems []string
	all := maps.Clone(got)
	maps.Copy(all, want)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if got[name] != want[name] {
			problems = append(problems, fmt.Sprintf("%s was %s %d times, undisturbed %d", name, what, got[name], want[name]))
		}
	}
	return problems
}

// Written is O9: everything that the operator wrote since a mark is in the world's namespaces.
func (w *World) Written(mark int) error {
	for _, r := range w.Proxy.Since(mark) {
		if r.Write() && !slices.Contains(w.Namespaces(), r.Namespace) && !w.closed(r.Namespace) {
			return fmt.Errorf("the operator wrote outside of the plan's namespaces (O9): %s", r.String())
		}
	}
	return nil
}

// closed says whether a namespace is that of an earlier plan, which is going.
func (w *World) closed(namespace string) bool {
	w.Safety.mutex.Lock()
	defer w.Safety.mutex.Unlock()
	return w.Safety.forgotten[namespace]
}

// CredentialsWhole is D6: every set that an anchor names is complete, and there is no other.
func (w *World) CredentialsWhole(ctx context.Context) error {
	return Eventually(ctx, "the credential sets are whole (D6)", ConvergeLimit, func(ctx context.Context) error {
		named := map[string]bool{}
		for _, namespace := range w.Namespaces() {
			list := &corev1.ConfigMapList{}
			if err := w.Client.List(ctx, list, client.InNamespace(namespace), client.HasLabels{anchor.LabelKind}); err != nil {
				return err
			}
			for i := range list.Items {
				if err := w.checkAnchor(ctx, &list.Items[i], named); err != nil {
					return err
				}
			}
		}
		return w.leftOvers(ctx, named)
	})
}

func (w *World) checkAnchor(ctx context.Context, object *corev1.ConfigMap, named map[string]bool) error {
	a, err := anchor.Parse(object, object.Labels[anchor.LabelKind], object.Labels["app.kubernetes.io/instance"])
	if err != nil {
		return err
	}
	type pair struct{ namespace, configMap, secret string }
	var pairs []pair
	for _, set := range a.Sets() {
		pairs = append(pairs, pair{object.Namespace, set.ConfigMap, set.Secret})
	}
	for i := range a.Consumers {
		if c := &a.Consumers[i]; !c.Departed && c.Set.RemoteConfigMap != "" {
			pairs = append(pairs, pair{c.Namespace, c.Set.RemoteConfigMap, c.Set.Binding})
		}
	}
	for _, p := range pairs {
		facts, secret := &corev1.ConfigMap{}, &corev1.Secret{}
		if err := errors.Join(
			w.Client.Get(ctx, client.ObjectKey{Namespace: p.namespace, Name: p.configMap}, facts),
			w.Client.Get(ctx, client.ObjectKey{Namespace: p.namespace, Name: p.secret}, secret),
		); err != nil {
			return fmt.Errorf("the anchor of %s names a set that is not there: %w", a.Name, err)
		}
		owned := len(secret.OwnerReferences) == 1 && secret.OwnerReferences[0].UID == facts.UID
		if secret.Immutable == nil || !*secret.Immutable || !owned || len(facts.OwnerReferences) > 0 {
			return fmt.Errorf("secret %s is not immutable and owned by the record %s of its set alone", p.secret, p.configMap)
		}
		named[p.namespace+"/"+p.configMap], named[p.namespace+"/"+p.secret] = true, true
	}
	return nil
}

func (w *World) leftOvers(ctx context.Context, named map[string]bool) error {
	for _, namespace := range w.Namespaces() {
		sets, secrets := &corev1.ConfigMapList{}, &corev1.SecretList{}
		if err := errors.Join(
			w.Client.List(ctx, sets, client.InNamespace(namespace), client.HasLabels{anchor.LabelSet}),
			w.Client.List(ctx, secrets, client.InNamespace(namespace), client.HasLabels{anchor.LabelSet}),
		); err != nil {
			return err
		}
		for i := range sets.Items {
			if !named[namespace+"/"+sets.Items[i].Name] {
				return fmt.Errorf("configmap %s is a set that no anchor names", sets.Items[i].Name)
			}
		}
		for i := range secrets.Items {
			if !named[namespace+"/"+secrets.Items[i].Name] {
				return fmt.Errorf("secret %s is of a set that no anchor names", secrets.Items[i].Name)
			}
		}
	}
	return nil
}
