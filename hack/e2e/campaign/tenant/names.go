package tenant

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// called is a stack with a name.
func called(name, spec string) string {
	return strings.Replace(stack(spec), "name: shop", "name: "+name, 1)
}

const (
	long30 = "a23456789-123456789-123456789a"
	long41 = "a23456789-123456789-123456789-123456789-a"
)

// names take the names of somebody else, or names that nothing can have.
func names() []Attack {
	refused := func(name, manifest, says string) Attack {
		return Attack{Name: name, Expect: "refused with the rule", Steps: []Step{create(manifest, says)}}
	}
	component := func(name string) string {
		return "components: [{name: " + name + ", image: ghcr.io/acme/a, port: 80, uses: [], replicas: 1}]"
	}
	collide := func(name, first, second, says string, keeps ...string) Attack {
		return Attack{
			Name: name, Expect: "NameConflict for the second; what the first has stays byte by byte", Given: called("a-b", first), Ready: true,
			Steps: []Step{create(called("a", second))}, Keeps: keeps,
			Shows: []Shown{{"BackendStack", "a", v1alpha1.ReasonNameConflict, []string{says}}, {"BackendStack", "a-b", v1alpha1.ReasonReady, nil}},
		}
	}
	return classed(Names,
		refused("stack-too-long", called(long41+"x", "suspend: true"), "at most 41"),
		refused("entry-too-long", called("a", component(long30+"x")), "components[0].name"),
		refused("together-too-long", called(long41, component("web")), "at most 43"),
		refused("database-too-long", strings.Replace(store, "name: store", "name: "+long41+"-abc", 1), "at most 44"),
		refused("upper-case", called("Shop", "suspend: true"), "metadata.name"),
		refused("underscore", called("a_b", "suspend: true"), "metadata.name"),
		refused("dots", called("a.b", "suspend: true"), "metadata.name"),
		refused("digit-first", called("9a", "suspend: true"), "metadata.name"),
		refused("look-alike", called(quoted("sh\u043ep"), "suspend: true"), "metadata.name"),
		refused("load-balancer", called("a", component("lb")), "lb"),
		refused("of-read-copies", called("a", component("main-replica")+"\ndatabases: [{name: main, engine: PostgreSQL}]"), "-replica"),
		refused("of-cluster-members", called("a", component("jobs-nodes")+"\nqueues: [{name: jobs, engine: RabbitMQ}]"), "-nodes"),
		refused("twice", called("a", component("main")+"\ndatabases: [{name: main, engine: PostgreSQL}]"), "name of another entry"),
		Attack{
			Name: "longest", Expect: "accepted: every child can exist, pods of StatefulSets too",
			Steps: []Step{create(called("a23456789-12a", component("web")+"\ndatabases: [{name: "+long30+", engine: PostgreSQL}]\nqueues: [{name: b23456789-123456789-12345-9a, engine: RabbitMQ}]"))},
			Shows: []Shown{{"BackendStack", "a23456789-12a", v1alpha1.ReasonReady, nil}}, Check: shortSets,
		},
		collide("components-collide", component("c"), component("b-c"), "a-b-c", "Deployment/a-b-c", "NetworkPolicy/a-b-c"),
		collide("databases-collide", "databases: [{name: c, engine: PostgreSQL}]", "databases: [{name: b-c, engine: PostgreSQL}]", "a-b-c", "StatefulSet/a-b-c", "Service/a-b-c", "PersistentVolumeClaim/data-a-b-c-0"),
		collide("secrets-collide", "secrets: [{name: c, generate: [K]}]", "secrets: [{name: b-c, generate: [K]}]", "a-b-c", "Secret/a-b-c"),
		collide("volumes-collide", "volumes: [{name: c, size: 1Gi}]", "volumes: [{name: b-c, size: 2Gi}]", "a-b-c", "PersistentVolumeClaim/a-b-c"),
		Attack{
			Name: "component-like-a-database", Expect: "NameConflict for the stack; the database's objects stay byte by byte", Ready: true,
			Given: strings.Replace(store, "name: store", "name: shop-web", 1), Steps: []Step{create(web("uses: []\nallowFrom: [{namespace: a, stack: a, component: a}]"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonNameConflict, []string{"shop-web"}}, {"StackDatabase", "shop-web", v1alpha1.ReasonReady, nil}},
			Keeps: []string{"StatefulSet/shop-web", "Service/shop-web", "NetworkPolicy/shop-web"},
		},
		Attack{
			Name: "cache-like-a-database", Expect: "NameConflict for the cache; the database's objects stay byte by byte", Given: store, Ready: true,
			Steps: []Step{create(service("StackCache", "{engine: Valkey}"))}, Keeps: []string{"StatefulSet/store", "Service/store", "NetworkPolicy/store"},
			Shows: []Shown{{"StackCache", "store", v1alpha1.ReasonNameConflict, []string{"store"}}, {"StackDatabase", "store", v1alpha1.ReasonReady, nil}},
		},
		Attack{
			Name: "inline-like-a-database-by-hand", Expect: "NameConflict for the stack; the database stays byte by byte, but that its status names who asks", Ready: true,
			Given: strings.Replace(store, "name: store", "name: shop-main", 1), Steps: []Step{create(stacked)}, Keeps: []string{"StatefulSet/shop-main", "Service/shop-main", "PersistentVolumeClaim/data-shop-main-0"},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonNameConflict, []string{"shop-main", "by hand"}}},
		},
	)
}

// shortSets says whether every StatefulSet leaves room for what its pods' names and labels have besides.
func shortSets(ctx context.Context, s *scene) error {
	sets := &appsv1.StatefulSetList{}
	if err := s.Client.List(ctx, sets, client.InNamespace(s.Own)); err != nil {
		return err
	}
	for i := range sets.Items {
		if set := &sets.Items[i]; len(set.Name) > 52 || set.Status.ReadyReplicas != *set.Spec.Replicas {
			return fmt.Errorf("StatefulSet %s has %d pods", set.Name, set.Status.ReadyReplicas)
		}
	}
	return nil
}

// squat is an object of somebody else under a name that a child of the stack needs.
type squat struct{ kind, name, content string }

// squatters hold names that the children of a stack need.
func squatters() []Attack {
	wanted := stack(`secrets: [{name: keys, generate: [K]}]
volumes: [{name: uploads, size: 1Gi}]
databases: [{name: main, engine: PostgreSQL}]
components:
- {name: web, image: ghcr.io/acme/a, port: 8080, uses: [main], scale: {min: 2, max: 4}, routes: [{name: public}]}
`)
	pod := "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}"
	squats := []squat{
		{"apps/v1 Deployment", "shop-web", "spec: {replicas: 0, " + pod + "}"},
		{"apps/v1 Deployment", "shop-lb", "spec: {replicas: 0, " + pod + "}"},
		{"apps/v1 StatefulSet", "shop-main", "spec: {replicas: 0, serviceName: x, " + pod + "}"},
		{"v1 Service", "shop-web", "spec: {selector: {a: b}, ports: [{port: 1}]}"},
		{"v1 Service", "shop-main", "spec: {clusterIP: None, selector: {a: b}, ports: [{port: 1}]}"},
		{"v1 ServiceAccount", "shop-web", "automountServiceAccountToken: true"},
		{"networking.k8s.io/v1 NetworkPolicy", "shop-web", "spec: {podSelector: {}, ingress: [{}]}"},
		{"networking.k8s.io/v1 NetworkPolicy", "shop-main", "spec: {podSelector: {}, ingress: [{}]}"},
		{"autoscaling/v2 HorizontalPodAutoscaler", "shop-web", "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other}, maxReplicas: 1}"},
		{"policy/v1 PodDisruptionBudget", "shop-web", "spec: {selector: {matchLabels: {a: b}}, maxUnavailable: 1}"},
		{"v1 Secret", "shop-keys", "stringData: {K: mine}"},
		{"v1 ConfigMap", "shop-keys-generated", "data: {keys: K, state: made}"},
		{"v1 ConfigMap", "shop-main-database-anchor", "data: {anchor.json: \"{}\"}"},
		{"v1 PersistentVolumeClaim", "shop-uploads", "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}"},
	}
	var attacks []Attack
	for _, q := range squats {
		version, kind, _ := strings.Cut(q.kind, " ")
		attacks = append(attacks, Attack{
			Name:   "squatted-" + strings.ToLower(kind) + "-" + q.name,
			Expect: "NameConflict that names the object; it stays byte by byte, and nobody's pods use it",
			Given:  fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s, labels: {team: other}}\n%s\n", version, kind, q.name, q.content),
			Steps:  []Step{create(wanted)}, Keeps: []string{kind + "/" + q.name},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonNameConflict, []string{kind + " " + q.name}}},
		})
	}
	return classed(Names, append(attacks, Attack{
		Name: "squatted-claim-of-a-pod", Alone: true,
		Expect: "the operator does not see, label or grow the claim; Kubernetes gives it to the pod, whose script refuses a volume with files of others",
		Given:  "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-store-0, labels: {team: other}}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
		Steps:  []Step{create(store)}, Check: claimIsOthers,
		Shows: []Shown{{"StackDatabase", "store", v1alpha1.ReasonReady, nil}},
	})...)
}

// claimIsOthers says whether the claim of somebody else is what it was, but for its volume.
func claimIsOthers(ctx context.Context, s *scene) error {
	claim := &corev1.PersistentVolumeClaim{}
	if err := s.get(ctx, "data-store-0", claim); err != nil {
		return err
	}
	size := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if size.String() != "1Gi" || len(claim.Labels) != 1 || len(claim.OwnerReferences) > 0 {
		return fmt.Errorf("the claim was changed: %+v", claim)
	}
	for _, r := range s.Proxy.Since(s.mark) {
		if r.Write() && r.Resource == "persistentvolumeclaims" {
			return fmt.Errorf("the operator wrote to a claim: %s", r.String())
		}
	}
	return nil
}
