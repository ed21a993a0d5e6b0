package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// sharing is a stack that uses a database by a reference.
func sharing(reference string) string {
	return web("uses: [main]") + "  databases: [{name: main, ref: " + reference + "}]\n"
}

// plainWeb is a stack that nothing is wrong with.
var plainWeb = web("uses: []")

// deputies try to reach through the operator what the tenant may not reach itself.
func deputies() []Attack {
	return append(classed(ConfusedDeputy, references()...), choices()...)
}

func references() []Attack {
	shared := `
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: orders, namespace: OTHER}
spec:
  engine: PostgreSQL
  allowedConsumers:
  - {namespaces: {from: All}, databases: [orders], maxAccess: ReadOnly}
`
	notGranted := func(says string) []Shown {
		return []Shown{{"BackendStack", "shop", v1alpha1.ReasonNotGranted, []string{says, "spec.allowedConsumers"}}}
	}
	asks := func(name string) func(context.Context, *scene) error {
		return func(ctx context.Context, s *scene) error {
			return errors.Join(s.noBinding(ctx), s.onlyAsked(ctx, name))
		}
	}
	const learns = "NotGranted, no Secret appears, and the database's status names who asks (docs/troubleshooting.md) and nothing else changes"
	return []Attack{
		{
			Name: "ref-grants-nothing", Expect: learns, Touches: []string{"StackDatabase/ledger"}, Check: asks("ledger"),
			Steps: []Step{create(sharing("{namespace: NEIGHBOUR, name: ledger}"))}, Shows: notGranted("NEIGHBOUR/ledger"),
		},
		{
			Name: "ref-grants-another-namespace", Expect: learns, Touches: []string{"StackDatabase/granted"}, Check: asks("granted"),
			Steps: []Step{create(sharing("{namespace: NEIGHBOUR, name: granted, database: orders}"))}, Shows: notGranted("NEIGHBOUR/granted"),
		},
		{
			Name: "ref-inline-database-of-neighbour", Expect: learns, Touches: []string{"StackDatabase/shop-main"}, Check: asks("shop-main"),
			Steps: []Step{create(sharing("{namespace: NEIGHBOUR, name: shop-main}"))}, Shows: notGranted("NEIGHBOUR/shop-main"),
		},
		{
			Name: "ref-more-access-than-granted", Expect: "NotGranted: the grant says ReadOnly", Given: shared, Ready: true,
			Steps: []Step{create(edited(sharing("{namespace: OTHER, name: orders, database: orders}"), "ref:", "access: Owner, ref:"))},
			Shows: notGranted("OTHER/orders"), Check: func(ctx context.Context, s *scene) error { return s.noBinding(ctx) },
		},
		{
			Name: "ref-another-database-than-granted", Expect: "NotGranted: the grant names orders", Given: shared, Ready: true,
			Steps: []Step{create(edited(sharing("{namespace: OTHER, name: orders, database: payroll}"), "ref:", "access: ReadOnly, ref:"))},
			Shows: notGranted("OTHER/orders"), Check: func(ctx context.Context, s *scene) error { return s.noBinding(ctx) },
		},
		{
			Name: "ref-same-namespace-without-grant", Expect: "NotGranted: a database made by hand grants nothing by itself",
			Given: service("StackDatabase", "{engine: PostgreSQL}"), Ready: true,
			Steps: []Step{create(sharing("{name: store}"))}, Shows: notGranted("/store"),
			Check: func(ctx context.Context, s *scene) error { return s.noBinding(ctx) },
		},
		{Name: "ref-name-goes-up", Expect: "refused: a name has no dots and slashes", Steps: []Step{create(sharing(`{namespace: NEIGHBOUR, name: "../ledger"}`), "ref.name")}},
		{Name: "ref-name-holds-namespace", Expect: "refused: a name has no slash", Steps: []Step{create(sharing("{name: NEIGHBOUR/ledger}"), "ref.name")}},
		{Name: "ref-namespace-goes-up", Expect: "refused: a namespace is a label", Steps: []Step{create(sharing(`{namespace: "..", name: ledger}`), "ref.namespace")}},
		{
			Name: "caller-of-another-namespace", CVE: cveLabels, Touches: []string{"NetworkPolicy/shop-web"},
			Expect: "accepted: who may call is decided by the callee; the neighbour's policy gets one way out, to that callee's port, and no way in",
			Steps:  []Step{create(web("uses: []\nallowFrom: [{namespace: NEIGHBOUR, stack: shop, component: web}]"))},
			Check:  oneWayOut,
		},
		{Name: "caller-namespace-wildcard", Expect: "refused: a namespace is a label", Steps: []Step{create(web(`allowFrom: [{namespace: "*", stack: shop, component: web}]`), "allowFrom[0].namespace")}},
	}
}

// choices try to choose what the platform team chooses, or another identity.
func choices() []Attack {
	limit := func(kind, name, says string) []Shown {
		return []Shown{{kind, name, v1alpha1.ReasonLimitExceeded, []string{says}}}
	}
	refused := func(name, expect, manifest string, says ...string) Attack {
		return Attack{Name: name, Expect: "refused: " + expect, Steps: []Step{create(manifest, says...)}}
	}
	external := func(secret string) string {
		return stack("bindings: [{name: bank, type: bank, secretRef: " + secret + "}]")
	}
	return classed(ConfusedDeputy, append([]Attack{
		refused("secret-of-another-namespace", "a reference to a Secret has no namespace", external("{namespace: NEIGHBOUR, name: bank}"), "secretRef.namespace"),
		refused("secret-name-holds-namespace", "a name has no slash", external("{name: NEIGHBOUR/bank}"), "secretRef.name"),
		refused("env-secret-of-another-namespace", "a reference to a Secret has no namespace",
			web("env: [{name: A, valueFrom: {secretKeyRef: {namespace: NEIGHBOUR, name: bank, key: password}}}]"), "secretKeyRef.namespace"),
		refused("env-secret-name-goes-up", "a name has no slash", web("env: [{name: A, valueFrom: {secretKeyRef: {name: ../NEIGHBOUR/bank, key: password}}}]"), "secretKeyRef.name"),
		refused("env-configmap-name-goes-up", "a name has no slash", web("env: [{name: A, valueFrom: {configMapKeyRef: {name: ../x, key: a}}}]"), "configMapKeyRef.name"),
		refused("envfrom-secret-name-goes-up", "a name has no slash", web("envFrom: [{secretRef: {name: ../NEIGHBOUR/bank}}]"), "secretRef.name"),
		refused("volume-secret-name-goes-up", "a name has no slash", web("volumes: [{name: a, secret: {secretName: ../NEIGHBOUR/bank}}]"), "secret.secretName"),
		refused("volume-configmap-name-goes-up", "a name has no slash", web("volumes: [{name: a, configMap: {name: ../NEIGHBOUR/shop-lb}}]"), "configMap.name"),
		refused("pull-secret-name-goes-up", "a name has no slash", web("imagePullSecrets: [{name: ../NEIGHBOUR/bank}]"), "imagePullSecrets[0].name"),
		refused("service-account-name", "no field chooses a ServiceAccount", web("serviceAccountName: default"), "serviceAccountName"),
		refused("service-account-object", "no field chooses a ServiceAccount", web("serviceAccount: {name: stackwright}"), "serviceAccount"),
		{
			Name: "class-of-others", Expect: "NamespaceNotAllowed: the class does not admit the namespace", Steps: []Step{create(stack("stackClassName: gold"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonNamespaceNotAllowed, []string{"gold"}}},
		},
		{
			Name: "class-made-by-tenant", CVE: cvePower, Expect: "forbidden: classes are the platform team's", Steps: []Step{
				create("apiVersion: stackwright.dev/v1alpha1\nkind: StackClass\nmetadata: {name: mine}\nspec: {profile: Development}\n", "stackclasses", "forbidden"),
				merge("StackClass", "gold", `{"spec":{"namespaces":null}}`, "stackclasses", "forbidden"),
			},
		},
		{
			Name: "storage-class-of-volume", Expect: "LimitExceeded that names the field: the class allows another", Steps: []Step{create(stack("volumes: [{name: big, size: 1Gi, storageClassName: fast}]"))},
			Shows: limit("BackendStack", "shop", "spec.volumes[big].storageClassName"),
		},
		{
			Name: "storage-class-of-database", Expect: "LimitExceeded that names the field", Steps: []Step{create(service("StackDatabase", "{engine: PostgreSQL, storage: {storageClassName: fast}}"))},
			Shows: limit("StackDatabase", "store", "spec.storage.storageClassName"),
		},
		{
			Name: "storage-without-end", CVE: cveTraversal, Expect: "LimitExceeded that names the field", Steps: []Step{create(service("StackDatabase", "{engine: PostgreSQL, storage: {size: 900Pi}}"))},
			Shows: limit("StackDatabase", "store", "spec.storage.size"),
		},
		{
			Name: "registry-of-others", Expect: "LimitExceeded that names the image", Steps: []Step{create(edited(plainWeb, "ghcr.io/acme/", "evil.example.com/"))},
			Shows: limit("BackendStack", "shop", "spec.components[web].image"),
		},
		{
			Name: "registry-goes-up", Expect: "LimitExceeded: a path that leaves the registry's folder is not below it", Steps: []Step{create(edited(plainWeb, "ghcr.io/acme/", "ghcr.io/acme/../evil/"))},
			Shows: limit("BackendStack", "shop", "spec.components[web].image"),
		},
		{
			Name: "registry-of-init-container", Expect: "LimitExceeded that names the image", Steps: []Step{create(web("initContainers: [{name: setup, image: evil.example.com/x}]"))},
			Shows: limit("BackendStack", "shop", "spec.components[web].initContainers[setup].image"),
		},
	}, reads()...)...)
}

// reads ask the API server for what only the operator may see or write.
func reads() []Attack {
	return []Attack{
		{Name: "read-secrets", CVE: cveIdentity, Expect: "forbidden: editing stacks is not reading Secrets", Steps: []Step{read("Secret", "", "secrets", "forbidden"), read("Secret", "bank", "forbidden").in("NEIGHBOUR")}},
		{Name: "read-neighbour", CVE: cveIdentity, Expect: "forbidden: the rights are those of one namespace", Steps: []Step{read("BackendStack", "shop", "forbidden").in("NEIGHBOUR"), read("StackDatabase", "", "forbidden").in("NEIGHBOUR")}},
		{Name: "write-neighbour", CVE: cveIdentity, Expect: "forbidden: the rights are those of one namespace", Steps: []Step{
			create(plainWeb, "forbidden").in("NEIGHBOUR"), merge("BackendStack", "shop", `{"spec":{"suspend":true}}`, "forbidden").in("NEIGHBOUR"),
			remove("StackDatabase", "ledger", "forbidden").in("NEIGHBOUR"),
		}},
		{Name: "grant-oneself", CVE: cvePower, Expect: "forbidden: editing stacks grants no rights", Steps: []Step{
			create("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: more}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}\n", "rolebindings", "forbidden"),
		}},
	}
}

// classed gives attacks their class.
func classed(class Class, attacks ...Attack) []Attack {
	for i := range attacks {
		attacks[i].Class = class
	}
	return attacks
}

// noBinding says whether the tenant got a credential of somebody else's service.
func (s *scene) noBinding(ctx context.Context) error {
	secrets := &corev1.SecretList{}
	if err := s.Client.List(ctx, secrets, client.InNamespace(s.Own)); err != nil {
		return err
	}
	for i := range secrets.Items {
		if name := secrets.Items[i].Name; strings.HasPrefix(name, "shop-main-") {
			return fmt.Errorf("secret %s was made for a stack that is not granted", name)
		}
	}
	return nil
}

// onlyAsked holds a database of the neighbour to what it was, but that its status names the stack that asks.
func (s *scene) onlyAsked(ctx context.Context, name string) error {
	before, now := &v1alpha1.StackDatabase{}, &v1alpha1.StackDatabase{}
	if err := json.Unmarshal([]byte(s.before["StackDatabase/"+name]), before); err != nil {
		return err
	}
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: s.room.neighbour.Own, Name: name}, now); err != nil {
		return err
	}
	for _, c := range now.Status.Consumers {
		if c.Namespace == s.Own && (c.Binding != nil || c.Ready != "False" || c.Reason != v1alpha1.ReasonNotGranted) {
			return fmt.Errorf("the tenant is a consumer of %s: %+v", name, c)
		}
	}
	for _, object := range []*v1alpha1.StackDatabase{before, now} {
		object.ResourceVersion, object.ManagedFields, object.TypeMeta = "", nil, before.TypeMeta
		object.Status.Consumers = keepOthers(object.Status.Consumers, s.Own)
	}
	if !reflect.DeepEqual(before, now) {
		return fmt.Errorf("%s is not what it was: %+v, now %+v", name, before, now)
	}
	return nil
}

func keepOthers(all []v1alpha1.ConsumerStatus, namespace string) []v1alpha1.ConsumerStatus {
	var others []v1alpha1.ConsumerStatus
	for _, c := range all {
		if c.Namespace != namespace {
			others = append(others, c)
		}
	}
	return others
}

// oneWayOut holds the policy of the neighbour's component to what it was and one rule more.
func oneWayOut(ctx context.Context, s *scene) error {
	before, now := &networkingv1.NetworkPolicy{}, &networkingv1.NetworkPolicy{}
	if err := json.Unmarshal([]byte(s.before["NetworkPolicy/shop-web"]), before); err != nil {
		return err
	}
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: s.room.neighbour.Own, Name: "shop-web"}, now); err != nil {
		return err
	}
	same := reflect.DeepEqual(before.Spec.Ingress, now.Spec.Ingress) && reflect.DeepEqual(before.Spec.PodSelector, now.Spec.PodSelector)
	added := addedRules(s.before["NetworkPolicy/shop-web"], now.Spec.Egress)
	if !same || len(added) != 1 || len(now.Spec.Egress) != len(before.Spec.Egress)+1 {
		return fmt.Errorf("the neighbour's policy changed in another way: %+v, now %+v", before.Spec, now.Spec)
	}
	rule := added[0]
	to, _ := json.Marshal(rule.To)
	if len(rule.To) != 1 || len(rule.Ports) != 1 || rule.Ports[0].Port.IntValue() != 8080 || !strings.Contains(string(to), s.Own) {
		return fmt.Errorf("the neighbour's policy opens more than the callee: %+v", rule)
	}
	return nil
}

// addedRules are those that the text of a policy does not have.
func addedRules(before string, now []networkingv1.NetworkPolicyEgressRule) []networkingv1.NetworkPolicyEgressRule {
	var added []networkingv1.NetworkPolicyEgressRule
	for _, rule := range now {
		if text, _ := json.Marshal(rule); !strings.Contains(before, string(text)) {
			added = append(added, rule)
		}
	}
	return added
}
