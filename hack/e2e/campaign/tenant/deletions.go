package tenant

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// deletions delete, or keep from being deleted, what they should not.
func deletions() []Attack {
	return classed(Deletion,
		Attack{
			Name: "finalizer-of-tenant", Given: plainWeb, Ready: true,
			Expect: "accepted: the stack stays as long as the tenant wants, the operator waits for nothing and asks nothing",
			Steps:  []Step{merge("BackendStack", "shop", `{"metadata":{"finalizers":["evil.example.com/never"]}}`)}, Act: going,
		},
		Attack{
			Name: "while-suspended", Given: stacked, Ready: true, Keeps: []string{"PersistentVolumeClaim/data-shop-main-0"},
			Expect: "accepted: the stack goes, its database stays and keeps its claim",
			Steps:  []Step{merge("BackendStack", "shop", `{"spec":{"suspend":true}}`), remove("BackendStack", "shop")}, Act: gone("BackendStack", "shop"),
			Shows: []Shown{{"StackDatabase", "shop-main", v1alpha1.ReasonSuspended, nil}},
		},
		Attack{
			Name: "in-the-foreground", Given: stacked, Ready: true, Keeps: []string{"PersistentVolumeClaim/data-shop-main-0", "StatefulSet/shop-main"},
			Expect: "accepted: components go first, the database stays",
			Steps:  []Step{{By: Tenant, Method: http.MethodDelete, Kind: "BackendStack", Name: "shop", Type: typeJSON, Body: `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground"}`}},
			Act:    gone("BackendStack", "shop"),
		},
		Attack{
			Name: "orphaning", Given: plainWeb, Ready: true,
			Expect: "accepted: what the stack leaves behind is taken up by the next one of its name, and by no other",
			Steps:  []Step{{By: Tenant, Method: http.MethodDelete, Kind: "BackendStack", Name: "shop", Type: typeJSON, Body: `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan"}`}},
			Act: func(ctx context.Context, s *scene) error {
				return errors.Join(gone("BackendStack", "shop")(ctx, s), s.send(ctx, create(plainWeb)))
			},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
		},
		Attack{
			Name: "of-everything-at-once", Given: stacked, Ready: true, Keeps: []string{"PersistentVolumeClaim/data-shop-main-0"},
			Expect: "accepted in the own namespace: stacks and databases go, claims and credentials stay",
			Steps:  []Step{remove("BackendStack", ""), remove("StackDatabase", "")},
			Act: func(ctx context.Context, s *scene) error {
				return errors.Join(gone("BackendStack", "shop")(ctx, s), gone("StackDatabase", "shop-main")(ctx, s))
			},
		},
	)
}

// unconfirmed delete data without the confirmation that it takes.
func unconfirmed() []Attack {
	deletable := service("StackDatabase", "{engine: PostgreSQL, deletionPolicy: Delete}")
	const claim = "PersistentVolumeClaim/data-store-0"
	return classed(Deletion,
		Attack{
			Name: "without-confirmation", Given: deletable, Ready: true, Keeps: []string{claim}, Expect: "accepted: Delete acts as Retain, the claim stays",
			Steps: []Step{remove("StackDatabase", "store")}, Act: gone("StackDatabase", "store"),
		},
		Attack{
			Name: "with-another-confirmation", Given: deletable, Ready: true, Keeps: []string{claim}, Expect: "accepted: a confirmation with another name is none, the claim stays",
			Steps: []Step{merge("StackDatabase", "store", `{"metadata":{"annotations":{"stackwright.dev/confirm-deletion":"ledger"}}}`), remove("StackDatabase", "store")},
			Act:   gone("StackDatabase", "store"),
		},
		Attack{
			Name: "confirmation-on-the-stack", Given: stacked, Ready: true, Keeps: []string{"PersistentVolumeClaim/data-shop-main-0"}, Expect: "accepted: a confirmation on the stack confirms nothing",
			Steps: []Step{merge("BackendStack", "shop", `{"metadata":{"annotations":{"stackwright.dev/confirm-deletion":"shop"}}}`), remove("BackendStack", "shop")},
			Act:   gone("BackendStack", "shop"),
		},
		Attack{
			Name: "of-our-finalizer", Given: deletable, Ready: true, Keeps: []string{claim, "StatefulSet/store"}, Expect: "accepted: the finalizer comes back while the policy is Delete",
			Steps: []Step{merge("StackDatabase", "store", `{"metadata":{"finalizers":null}}`)}, Shows: []Shown{{"StackDatabase", "store", v1alpha1.ReasonReady, nil}},
			Check: func(ctx context.Context, s *scene) error {
				object := &v1alpha1.StackDatabase{}
				err := s.get(ctx, "store", object)
				if err == nil && len(object.Finalizers) != 1 {
					err = fmt.Errorf("finalizers %v", object.Finalizers)
				}
				return err
			},
		},
		Attack{
			Name: "of-volumes-by-shrinking", Given: service("StackDatabase", "{engine: PostgreSQL, storage: {size: 20Gi}}"), Ready: true, Keeps: []string{"StatefulSet/store", claim},
			Expect: "refused: storage only grows, an engine and a storage class stay", Steps: []Step{
				merge("StackDatabase", "store", `{"spec":{"storage":{"size":"1Gi"}}}`, "spec.storage.size"), merge("StackDatabase", "store", `{"spec":{"storage":null}}`, "spec.storage"),
			},
		},
	)
}

// gone waits until a resource is not there any more.
func gone(kind, name string) func(context.Context, *scene) error {
	return func(ctx context.Context, s *scene) error {
		return s.Gone(ctx, v1alpha1.GroupVersion.WithKind(kind), s.Own, name)
	}
}

// going deletes the stack, which its finalizer keeps.
func going(ctx context.Context, s *scene) error {
	if err := s.send(ctx, remove("BackendStack", "shop")); err != nil {
		return err
	}
	mark := s.Proxy.Mark()
	err := rig.Eventually(ctx, "the operator is at rest", rig.ConvergeLimit, func(context.Context) error {
		if s.Proxy.QuietFor() < glance*20 {
			return errors.New("it asks:\n" + rig.Describe(s.Proxy.Since(mark), 5))
		}
		return nil
	})
	if err != nil {
		return err
	}
	deployment := &appsv1.Deployment{}
	if err := s.get(ctx, "shop-web", deployment); err != nil {
		return err
	}
	return s.send(ctx, merge("BackendStack", "shop", `{"metadata":{"finalizers":null}}`))
}

// forgeries forge what others believe: status, records, children.
func forgeries() []Attack {
	status := `{"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"forged","lastTransitionTime":"2026-01-01T00:00:00Z"}],` +
		`"provider":"Builtin","consumers":[{"namespace":"NEIGHBOUR","stack":"shop","entry":"main","ready":"True","binding":{"name":"bank"}}]}}`
	forbidden := func(name, expect string, given string, steps ...Step) Attack {
		return Attack{Name: name, Expect: expect, Given: given, Ready: given != "", Steps: steps}
	}
	unforged := func(ctx context.Context, s *scene) error {
		object := &v1alpha1.StackDatabase{}
		err := s.get(ctx, "store", object)
		if err == nil && len(object.Status.Consumers) > 0 {
			err = fmt.Errorf("the status is the tenant's: %+v", object.Status)
		}
		return err
	}
	return classed(Deletion,
		forbidden("status-of-stack", "forbidden: a status is the operator's", plainWeb, merge("BackendStack", "shop", status, "backendstacks/status", "forbidden").at("status")),
		forbidden("status-of-database", "forbidden: a status is the operator's", store, merge("StackDatabase", "store", status, "stackdatabases/status", "forbidden").at("status")),
		forbidden("finalizers-subresource", "refused: there is none", plainWeb, merge("BackendStack", "shop", `{}`, "").at("finalizers")),
		forbidden("scale-subresource", "refused: there is none", plainWeb, merge("BackendStack", "shop", `{"spec":{"replicas":0}}`, "").at("scale")),
		Attack{
			Name: "status-beside-spec", Expect: "accepted without the status", Steps: []Step{create(store + "status: {observedGeneration: 99, provider: Evil, consumers: [{namespace: NEIGHBOUR, stack: shop, entry: main, ready: \"True\", binding: {name: bank}}]}\n")},
			Shows: []Shown{{"StackDatabase", "store", v1alpha1.ReasonReady, nil}}, Check: unforged,
		},
		Attack{
			Name: "status-by-edit", Expect: "accepted without the status", Given: store, Ready: true, Keeps: []string{"StatefulSet/store"},
			Steps: []Step{merge("StackDatabase", "store", status)}, Shows: []Shown{{"StackDatabase", "store", v1alpha1.ReasonReady, nil}}, Check: unforged,
		},
		forbidden("child-deployment", "forbidden: children are not the tenant's to edit", plainWeb,
			merge("Deployment", "shop-web", `{"spec":{"template":{"spec":{"hostNetwork":true}}}}`, "deployments", "forbidden"), remove("Deployment", "shop-web", "forbidden")),
		forbidden("claim-and-secret", "forbidden: data and credentials are not the tenant's to delete", store,
			remove("PersistentVolumeClaim", "data-store-0", "persistentvolumeclaims", "forbidden"), remove("Secret", "", "secrets", "forbidden"), remove("ConfigMap", anchorName, "configmaps", "forbidden")),
		forbidden("pod-beside", "forbidden: editing stacks is not making pods by hand", "", create("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n", "pods", "forbidden")),
		forbidden("identity-of-stack", "refused: a name and a UID stay", plainWeb,
			merge("BackendStack", "shop", `{"metadata":{"uid":"00000000-0000-4000-8000-000000000000"}}`, "uid"), merge("BackendStack", "shop", `{"metadata":{"name":"other"}}`, "name")),
		forbidden("stale-write", "refused: somebody wrote since", plainWeb, merge("BackendStack", "shop", `{"metadata":{"resourceVersion":"1"},"spec":{"suspend":true}}`, "modified")),
		forbidden("engine-of-database", "refused: an engine stays", service("StackCache", "{engine: Valkey}"), merge("StackCache", "store", `{"spec":{"engine":"Redis"}}`, "engine is immutable")),
		Attack{
			Name: "credential-of-stack", Given: stacked, Ready: true, Leaves: []rig.Leave{rig.ReplaceCredentials},
			Expect: "accepted for an editor of ConfigMaps: the next version is made, the stack is Ready again with it", Act: loseRecord,
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
		},
	)
}

// loseRecord deletes the records of the own stack's credentials, as an editor of ConfigMaps may.
func loseRecord(ctx context.Context, s *scene) error {
	records := &corev1.ConfigMapList{}
	if err := s.Client.List(ctx, records, client.InNamespace(s.Own)); err != nil {
		return err
	}
	for i := range records.Items {
		if record := &records.Items[i]; record.Data["purpose"] == "binding" {
			if err := s.send(ctx, remove("ConfigMap", record.Name).as(Editor)); err != nil {
				return err
			}
		}
	}
	return nil
}
