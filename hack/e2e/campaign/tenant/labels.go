package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// marked is a stack with metadata.
func marked(metadata string) string {
	return edited(stacked, "metadata: {name: shop}", "metadata: {name: shop, "+metadata+"}")
}

// stacked is a stack with a database and a component.
var stacked = web("uses: [main]") + "  databases: [{name: main, engine: PostgreSQL}]\n"

// passed are keys that something else in a cluster obeys.
var passed = []struct{ name, expect, metadata string }{
	{"managed-by", "a label of the stack is the stack's alone", "labels: {app.kubernetes.io/managed-by: attacker, app.kubernetes.io/name: nginx, app.kubernetes.io/instance: other}"},
	{"own-keys", "our own keys on the stack mean nothing", "labels: {stackwright.dev/stack: other, stackwright.dev/entry: main, stackwright.dev/owner-kind: StackDatabase, stackwright.dev/owner-name: ledger, stackwright.dev/anchor: StackDatabase}"},
	{"own-hashes", "our own records on the stack mean nothing", `annotations: {stackwright.dev/desired-hash: "0", stackwright.dev/applied-template: "{}", stackwright.dev/service: StackDatabase/NEIGHBOUR/ledger, stackwright.dev/credential-version: "9"}`},
	{"default-class-mark", "only classes are marked as the default", `annotations: {stackwright.dev/is-default-class: "true"}`},
	{"argocd", "no child carries it, or a GitOps tool would prune claims", `labels: {argocd.argoproj.io/instance: evil}, annotations: {argocd.argoproj.io/tracking-id: "evil:apps/Deployment:x/y", argocd.argoproj.io/sync-options: "Prune=true"}`},
	{"helm", "no child carries it", `labels: {helm.sh/chart: evil}, annotations: {meta.helm.sh/release-name: evil, helm.sh/resource-policy: delete}`},
	{"pod-security", "no child carries it", "labels: {pod-security.kubernetes.io/enforce: privileged}"},
	{"sidecar-injection", "no pod carries it", `labels: {sidecar.istio.io/inject: "true", linkerd.io/inject: enabled}, annotations: {sidecar.istio.io/inject: "true", linkerd.io/inject: enabled}`},
	{"cloud-load-balancer", "no Service carries it", `annotations: {service.beta.kubernetes.io/aws-load-balancer-internal: "false", external-dns.alpha.kubernetes.io/hostname: bank.example.com}`},
	{"apparmor-and-seccomp", "no pod carries it", `annotations: {container.apparmor.security.beta.kubernetes.io/web: unconfined, seccomp.security.alpha.kubernetes.io/pod: unconfined}`},
	{"cluster-identity", "no ServiceAccount carries it", `annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/admin", iam.gke.io/gcp-service-account: admin}`},
}

// passthrough are stacks with keys that something else obeys.
func passthrough() []Attack {
	var attacks []Attack
	for _, p := range passed {
		attacks = append(attacks, Attack{
			Name: p.name, Expect: "accepted: " + p.expect + "; children carry keys of the operator alone", Steps: []Step{create(marked(p.metadata))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}}, Check: apart,
		})
	}
	return attacks
}

// metadata passes metadata through, and hijacks selectors.
func metadata() []Attack {
	attacks := append(passthrough(),
		Attack{
			Name: "owner-of-another-namespace", Expect: "Kubernetes takes the stack away, whose owner is not there; what data it has stays; nobody else is touched",
			Steps: []Step{create(marked(`ownerReferences: [{apiVersion: stackwright.dev/v1alpha1, kind: BackendStack, name: shop, uid: 00000000-0000-4000-8000-000000000000, blockOwnerDeletion: true}]`))},
			Act: func(ctx context.Context, s *scene) error {
				return s.Gone(ctx, v1alpha1.GroupVersion.WithKind("BackendStack"), s.Own, "shop")
			},
		},
		Attack{
			Name: "finalizers", Expect: "accepted: the finalizer is the stack's alone", Steps: []Step{create(marked("finalizers: [evil.example.com/never]"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}}, Check: noFinalizer,
		},
		Attack{
			Name: "generate-name", Expect: "accepted: Kubernetes makes the name, which our rules check like any other",
			Steps: []Step{create(edited(stack("suspend: true"), "name: shop", "generateName: shop-"))}, Shows: []Shown{{"", "", v1alpha1.ReasonSuspended, nil}}, Alone: true,
		},
		Attack{
			Name: "claim-by-label", Given: stacked, Ready: true, Keeps: []string{"Pod/shop-main-0", "Deployment/shop-web", "PersistentVolumeClaim/data-shop-main-0"},
			Expect: "accepted: whose a database is, its labels tell in its own namespace; nobody gets a login by it, and no pod or claim changes",
			Steps:  []Step{merge("StackDatabase", "shop-main", `{"metadata":{"labels":{"stackwright.dev/stack":"thief"}}}`)},
			Shows:  []Shown{{"BackendStack", "shop", v1alpha1.ReasonNameConflict, []string{"shop-main", "thief"}}},
		},
		Attack{
			Name: "selector-of-engine", Expect: "accepted: a component that is called like an engine is not behind the engine's Service",
			Steps: []Step{create(strings.NewReplacer("name: web", "name: postgresql").Replace(stacked))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}}, Check: apart,
		},
		Attack{
			Name: "selector-of-instance", Expect: "accepted: a stack that is called like another's database is not behind its Service",
			Given: stacked, Ready: true, Steps: []Step{create(strings.NewReplacer("{name: shop}", "{name: shop-main}", "name: web", "name: postgresql", "name: main", "name: db", "[main]", "[db]").Replace(stacked))},
			Shows: []Shown{{"BackendStack", "shop-main", v1alpha1.ReasonReady, nil}}, Check: apart, Keeps: []string{"Service/shop-main", "StatefulSet/shop-main"},
		},
	)
	return classed(Labels, attacks...)
}

// noFinalizer says whether a finalizer of the tenant is on anything but the stack.
func noFinalizer(ctx context.Context, s *scene) error {
	return each(ctx, s.Client, s.Own, func(kind string, object client.Object) error {
		if strings.Contains(strings.Join(object.GetFinalizers(), " "), "evil") && kind != "BackendStack" {
			return fmt.Errorf("%s %s has the finalizer of the stack", kind, object.GetName())
		}
		return nil
	})
}

// apart says whether the pods behind any Service are those of one workload.
func apart(ctx context.Context, s *scene) error {
	services, pods := &corev1.ServiceList{}, &corev1.PodList{}
	for _, list := range []client.ObjectList{services, pods} {
		if err := s.Client.List(ctx, list, client.InNamespace(s.Own)); err != nil {
			return err
		}
	}
	for i := range services.Items {
		service, owners := &services.Items[i], map[string]bool{}
		selector := labels.SelectorFromSet(service.Spec.Selector)
		for j := range pods.Items {
			if pod := &pods.Items[j]; selector.Matches(labels.Set(pod.Labels)) {
				owners[pod.Labels["app.kubernetes.io/component"]+"/"+pod.Labels["stackwright.dev/owner-kind"]+"/"+pod.Labels["stackwright.dev/owner-name"]] = true
			}
		}
		if len(owners) != 1 {
			text, _ := json.Marshal(owners)
			return fmt.Errorf("behind Service %s are pods of %s", service.Name, text)
		}
	}
	return nil
}
