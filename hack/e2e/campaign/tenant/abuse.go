package tenant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// many is a list of items on one line, each with its number where the text has a #.
func many(count int, item string) string {
	items := make([]string, count)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "#", fmt.Sprint(i))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// oversized are requests that are too large in one way.
func oversized() []Attack {
	long := strings.Repeat("x", 4<<20)
	attacks := []Attack{
		{Name: "spec-of-two-megabytes", Expect: "refused by size", Steps: []Step{create(web("env: "+many(256, "{name: A#, value: "+strings.Repeat("x", 8<<10)+"}")), "larg")}},
		{Name: "annotation-of-four-megabytes", Expect: "refused by size", Steps: []Step{create(marked("annotations: {a: "+long+"}"), "oo l")}},
		{Name: "annotation-of-one-megabyte", Expect: "refused: annotations have a quarter of a megabyte", Steps: []Step{create(marked("annotations: {a: "+long[:1<<20]+"}"), "annotations")}},
		{Name: "value-too-long", Expect: "refused with the field", Steps: []Step{create(web("env: [{name: A, value: "+long[:33<<10]+"}]"), "env[0].value")}},
		{Name: "body-of-eight-megabytes", Expect: "refused by size", Steps: []Step{create(marked("annotations: {a: "+long+long+"}"), "oo large")}},
		{Name: "alias-bomb", Expect: "refused: aliases do not multiply what is read", Steps: []Step{create(aliasBomb(), "")}},
		{Name: "deep-nesting", Expect: "refused: what is read has a depth", Steps: []Step{{
			By: Tenant, Method: http.MethodPost, Kind: "BackendStack", Type: typeJSON, Refused: []string{"depth"},
			Body: `{"apiVersion":"stackwright.dev/v1alpha1","kind":"BackendStack","metadata":{"name":"shop"},"spec":{"x":` + strings.Repeat(`{"x":`, 50000) + "1" + strings.Repeat("}", 50000) + "}}",
		}}},
		{Name: "number-overflow", Expect: "refused with the field", Steps: []Step{create(web("replicas: 99999999999999999999"), "replicas")}},
		{Name: "port-overflow", Expect: "refused with the field", Steps: []Step{create(web("ports: [{name: a, port: 4294967297}]"), "ports[0].port")}},
		{Name: "quantity-overflow", Expect: "refused with the field", Steps: []Step{create(web("resources: {requests: {memory: \""+strings.Repeat("9", 40)+"\"}}"), "memory")}},
		{Name: "replicas-beyond-class", Expect: "LimitExceeded that names the component", Steps: []Step{create(web("uses: []\nreplicas: 1000"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonLimitExceeded, []string{"spec.components[web]"}}}},
		{Name: "autoscaler-beyond-class", Expect: "LimitExceeded that names the component", Steps: []Step{create(web("uses: []\nscale: {max: 1000}"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonLimitExceeded, []string{"spec.components[web]"}}}},
	}
	attacks[5].Steps[0].Refused = []string{"excessive aliasing"}
	return classed(Abuse, append(attacks, listsTooLong()...)...)
}

func aliasBomb() string {
	text := "apiVersion: stackwright.dev/v1alpha1\nkind: BackendStack\nmetadata: {name: shop}\na0: &a0 [" + strings.Repeat("x, ", 99) + "x]\n"
	for i := 1; i < 10; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 99), i-1)
	}
	return text + "spec: {hostnames: *a9}\n"
}

// listsTooLong have one item more than the list may have.
func listsTooLong() []Attack {
	component := "{name: c#, image: a, port: 80, uses: []}"
	lists := []struct{ name, manifest, says string }{
		{"components", stack("components: " + many(49, component)), "spec.components"},
		{"databases", stack("databases: " + many(17, "{name: d#, engine: PostgreSQL}")), "spec.databases"},
		{"caches", stack("caches: " + many(17, "{name: d#, engine: Valkey}")), "spec.caches"},
		{"queues", stack("queues: " + many(17, "{name: d#, engine: RabbitMQ}")), "spec.queues"},
		{"bindings", stack("bindings: " + many(17, "{name: d#, type: a, secretRef: {name: a}}")), "spec.bindings"},
		{"volumes", stack("volumes: " + many(17, "{name: d#, size: 1Gi}")), "spec.volumes"},
		{"secrets", stack("secrets: " + many(17, "{name: d#, generate: [A]}")), "spec.secrets"},
		{"secret-keys", stack("secrets: [{name: a, generate: " + many(17, "K#") + "}]"), "generate"},
		{"hostnames", stack("hostnames: " + many(17, "a#.example.com")), "spec.hostnames"},
		{"env", web("env: " + many(257, "{name: A#, value: a}")), "env"},
		{"env-from", web("envFrom: " + many(17, "{secretRef: {name: a#}}")), "envFrom"},
		{"ports", web("ports: " + many(17, "{name: p#, port: 9#0}")), "ports"},
		{"command", web("command: " + many(65, "a")), "command"},
		{"args", web("args: " + many(129, "a")), "args"},
		{"init-containers", web("initContainers: " + many(9, "{name: i#}")), "initContainers"},
		{"component-volumes", web("volumes: " + many(17, "{name: v#, emptyDir: {}}")), "volumes"},
		{"volume-mounts", web("volumes: [{name: t, emptyDir: {}}]\nvolumeMounts: " + many(33, "{name: t, mountPath: /a#}")), "volumeMounts"},
		{"uses", web("uses: " + many(33, "a#")), "uses"},
		{"allow-from", web("allowFrom: " + many(33, "{component: a#}")), "allowFrom"},
		{"egress", web("egress: " + many(33, "{cidrs: [10.0.0.#/32]}")), "egress"},
		{"egress-ranges", web("egress: [{cidrs: " + many(33, "10.0.0.#/32") + "}]"), "cidrs"},
		{"routes", web("routes: " + many(9, "{name: r#}")), "routes"},
		{"rules", web("routes: [{name: a, rules: " + many(33, "{name: r#, path: /#}") + "}]"), "rules"},
		{"grants", service("StackDatabase", "{engine: PostgreSQL, allowedConsumers: "+many(33, "{namespaces: {from: All}}")+"}"), "allowedConsumers"},
		{"parameters", service("StackDatabase", "{engine: PostgreSQL, parameters: {"+strings.Trim(many(65, "a.p#: x"), "[]")+"}}"), "parameters"},
	}
	var attacks []Attack
	for _, l := range lists {
		attacks = append(attacks, Attack{
			Name: "too-many-" + l.name, Expect: "refused with the list: it has one item too many", Steps: []Step{create(l.manifest, l.says, "must have at most")},
		})
	}
	return attacks
}

// victim is what somebody else runs whose edits have to go through all the same.
var victim = strings.Replace(plainWeb, "name: shop", "name: victim, namespace: OTHER", 1)

// floods are many requests, each of which is allowed.
func floods() []Attack {
	return classed(Abuse,
		Attack{
			Name: "three-hundred-stacks", Expect: "accepted: somebody else's edit is rolled out meanwhile", Given: victim, Ready: true,
			Act: func(ctx context.Context, s *scene) error {
				return errors.Join(s.flood(ctx, 300, func(i int) Step {
					return create(strings.Replace(stack("suspend: true"), "name: shop", fmt.Sprintf("name: shop-%d", i), 1))
				}), s.victimRolls(ctx))
			},
			Shows: []Shown{{"BackendStack", "shop-299", v1alpha1.ReasonSuspended, nil}},
		},
		Attack{
			Name: "hundred-edits", Expect: "accepted: the last one counts, and somebody else's edit is rolled out meanwhile", Given: victim + "---\n" + plainWeb, Ready: true,
			Act: func(ctx context.Context, s *scene) error {
				return errors.Join(s.flood(ctx, 100, func(i int) Step {
					return merge("BackendStack", "shop", fmt.Sprintf(`{"spec":{"restartedAt":"2026-01-01T00:%02d:%02dZ"}}`, i/60, i%60))
				}), s.victimRolls(ctx))
			},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
		},
		Attack{
			Name: "forty-stacks-ask", Expect: "NotGranted each; the database's status names a bounded number of them, and its owner's edit goes through", Alone: true,
			Given: strings.Replace(store, "name: store", "name: store, namespace: OTHER", 1), Ready: true,
			Act: func(ctx context.Context, s *scene) error {
				return s.flood(ctx, 40, func(i int) Step {
					return create(strings.Replace(sharing("{namespace: OTHER, name: store}"), "name: shop", fmt.Sprintf("name: shop-%d", i), 1))
				})
			},
			Shows: []Shown{{"BackendStack", "shop-39", v1alpha1.ReasonNotGranted, []string{"OTHER/store"}}}, Check: boundedAskers,
		},
		Attack{
			Name: "callees-of-a-victim", CVE: cveDeputy, Given: victim, Ready: true, Act: manyCallees,
			Expect: "NamespaceNotAllowed each; however many callees name somebody else's component, his policy stays small and his edit is rolled out",
			Shows:  []Shown{{"BackendStack", "shop-0", v1alpha1.ReasonNamespaceNotAllowed, nil}},
		},
	)
}

// flood sends many steps, eight at once.
func (s *scene) flood(ctx context.Context, count int, step func(int) Step) error {
	errs := make([]error, count)
	slots := make(chan struct{}, 8)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			slots <- struct{}{}
			errs[i] = s.send(ctx, step(i))
			<-slots
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// victimRolls edits what somebody else runs, and waits until it is rolled out.
func (s *scene) victimRolls(ctx context.Context) error {
	if err := s.Apply(ctx, s.text(strings.Replace(victim, "1.4.2", "1.5.0", 1))); err != nil {
		return err
	}
	return s.Converged(ctx, s.attack.reasons()...)
}

func boundedAskers(ctx context.Context, s *scene) error {
	database := &v1alpha1.StackDatabase{}
	err := s.Client.Get(ctx, client.ObjectKey{Namespace: s.Other, Name: "store"}, database)
	if err == nil && len(database.Status.Consumers) > 32 {
		err = fmt.Errorf("%d stacks are in the status of a database that lets none of them in", len(database.Status.Consumers))
	}
	return err
}

// mostEdges is how many rules a policy may have gained by the stacks of one other namespace.
const mostEdges = 64

func manyCallees(ctx context.Context, s *scene) error {
	allow := ", allowFrom: " + many(32, "{namespace: OTHER, stack: victim, component: web}") + "}"
	err := s.flood(ctx, 12, func(i int) Step {
		return create(strings.Replace(stack("stackClassName: gold\ncomponents: "+many(48, "{name: c#, image: a, port: 80, uses: []"+allow)), "name: shop", fmt.Sprintf("name: shop-%d", i), 1))
	})
	if err := errors.Join(err, s.victimRolls(ctx)); err != nil {
		return err
	}
	policy := &networkingv1.NetworkPolicy{}
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: s.Other, Name: "victim-web"}, policy); err != nil {
		return err
	}
	if n := len(policy.Spec.Egress); n > mostEdges+8 {
		return fmt.Errorf("the policy of somebody else's component has %d rules", n)
	}
	return nil
}
