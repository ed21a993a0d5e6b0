package resolve_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// edges describes peers by the labels that tell them apart and their ports, sorted.
func edges(peers []part.Peer) string {
	var result []string
	for _, peer := range peers {
		who := peer.Labels["app.kubernetes.io/instance"] + "/" + peer.Labels["app.kubernetes.io/name"]
		for key := range maps.Keys(peer.Labels) {
			if used, ok := strings.CutPrefix(key, "uses.stackwright.dev/"); ok {
				who = "users of " + used
			}
		}
		if peer.Namespace != "" {
			who = peer.Namespace + ":" + who
		}
		var ports []string
		for _, port := range peer.Ports {
			ports = append(ports, fmt.Sprintf("%d/%s", port.Number, port.Protocol))
		}
		result = append(result, who+" "+strings.Join(ports, "+"))
	}
	slices.Sort(result)
	return strings.Join(result, ", ")
}

func names[T any](list []T, name func(T) string) string {
	var result []string
	for _, item := range list {
		result = append(result, name(item))
	}
	return strings.Join(result, ",")
}

func foreign(t *testing.T, namespace, name, spec string) *v1alpha1.BackendStack {
	t.Helper()
	result := stack(t, spec)
	result.Namespace, result.Name, result.UID = namespace, name, "other"
	return result
}

func TestEdges(t *testing.T) {
	for _, c := range []struct {
		what, spec             string
		others                 []client.Object
		component              string
		calls, ingress, egress string
		called                 bool
	}{
		{
			what: "a lone component", spec: `{components: [{name: web, image: a, port: 80}]}`, component: "web",
		},
		{
			what: "uses omitted is everything", component: "api", called: true,
			spec:  `{defaults: {image: a}, components: [{name: web, port: 80}, {name: api, port: 90}, {name: mail, type: Worker}]}`,
			calls: "web", ingress: "users of api 90/TCP", egress: "shop/web 80/TCP",
		},
		{
			what: "a worker without a port is not called", component: "mail",
			spec:  `{defaults: {image: a}, components: [{name: web, port: 80}, {name: mail, type: Worker}]}`,
			calls: "web", egress: "shop/web 80/TCP",
		},
		{
			what: "an empty list is nothing", component: "web",
			spec: `{components: [{name: web, image: a, port: 80, uses: []}, {name: api, image: a, port: 90, uses: []}]}`,
		},
		{
			what: "one direction only", component: "web",
			spec:  `{components: [{name: web, image: a, port: 80, uses: [api]}, {name: api, image: a, port: 90, uses: []}]}`,
			calls: "api", egress: "shop/api 90/TCP",
		},
		{
			what: "the other end of it", component: "api", called: true,
			spec:    `{components: [{name: web, image: a, port: 80, uses: [api]}, {name: api, image: a, port: 90, uses: []}]}`,
			ingress: "users of api 90/TCP",
		},
		{
			what: "every port of the callee", component: "web",
			spec:  `{components: [{name: web, image: a, port: 80, uses: [api]}, {name: api, image: a, port: 90, ports: [{name: dns, port: 53, protocol: UDP}], uses: []}]}`,
			calls: "api", egress: "shop/api 90/TCP+53/UDP",
		},
		{
			what: "let in by the callee", component: "web",
			spec:   `{components: [{name: web, image: a, port: 80, uses: []}, {name: api, image: a, port: 90, uses: [], allowFrom: [{component: web}]}]}`,
			egress: "shop/api 90/TCP",
		},
		{
			what: "the callee that lets in", component: "api", called: true,
			spec:    `{components: [{name: web, image: a, port: 80, uses: []}, {name: api, image: a, port: 90, uses: [], allowFrom: [{component: web}]}]}`,
			ingress: "shop/web 90/TCP",
		},
		{
			what: "a route lets the load balancer in, on the main port", component: "web", called: true,
			spec:    `{components: [{name: web, image: a, port: 80, ports: [{name: x, port: 81}], routes: [{name: public}]}]}`,
			ingress: "shop/nginx 80/TCP",
		},
		{
			what: "a component of another stack is let in", component: "web", called: true,
			spec:    `{components: [{name: web, image: a, port: 80, allowFrom: [{namespace: office, stack: admin, component: console}]}]}`,
			ingress: "office:admin/console 80/TCP",
		},
		{
			what: "another stack lets us in", component: "web", egress: "office:admin/console 99/TCP",
			spec:   `{components: [{name: web, image: a, port: 80}]}`,
			others: []client.Object{foreign(t, "office", "admin", `{components: [{name: console, image: a, port: 99, allowFrom: [{namespace: shop, stack: shop, component: web}]}]}`)},
		},
		{
			what: "another stack lets another component in", component: "web",
			spec:   `{components: [{name: web, image: a, port: 80}]}`,
			others: []client.Object{foreign(t, "office", "admin", `{components: [{name: console, image: a, port: 99, allowFrom: [{namespace: shop, stack: shop, component: api}]}]}`)},
		},
		{
			what: "another stack of our name lets somebody in", component: "web",
			spec:   `{components: [{name: web, image: a, port: 80}]}`,
			others: []client.Object{foreign(t, "office", "admin", `{components: [{name: console, image: a, port: 99, allowFrom: [{namespace: lab, stack: shop, component: web}]}]}`)},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := component(t, plan(t, cluster(c.others...), stack(t, c.spec)), c.component)
			calls := names(got.Calls, func(c part.Callee) string { return c.Name })
			if calls != c.calls || edges(got.IngressFrom) != c.ingress || edges(got.EgressTo) != c.egress || got.Called != c.called {
				t.Errorf("calls %q, ingress %q, egress %q, called %v", calls, edges(got.IngressFrom), edges(got.EgressTo), got.Called)
			}
		})
	}
}

// TestCalleesOfOthersAreBounded: whoever writes another namespace decides what he lets in, and not how large a policy of ours gets.
func TestCalleesOfOthersAreBounded(t *testing.T) {
	callee := func(name string) string {
		const us = "{namespace: shop, stack: shop, component: web}"
		return "{name: " + name + ", image: a, port: 90, uses: [], allowFrom: [" + us + ", " + us + "]}"
	}
	var flood []client.Object
	for i := range 50 {
		var components []string
		for j := range 3 {
			components = append(components, callee(fmt.Sprintf("c%d", j)))
		}
		flood = append(flood, foreign(t, "evil", fmt.Sprintf("s%02d", i), "{components: ["+strings.Join(components, ", ")+"]}"))
	}
	others := append(flood, foreign(t, "office", "admin", "{components: ["+callee("console")+"]}"), foreign(t, "aaa", "first", "{components: ["+callee("console")+"]}"))
	ours := stack(t, `{components: [{name: web, image: a, port: 80, uses: []}]}`)
	first := component(t, plan(t, cluster(others...), ours), "web").EgressTo
	count := map[string]int{}
	for _, peer := range first {
		count[peer.Namespace]++
	}
	if want := map[string]int{"evil": 64, "office": 1, "aaa": 1}; !maps.Equal(count, want) {
		t.Errorf("callees by namespace are %v, not %v", count, want)
	}
	slices.Reverse(others)
	if again := component(t, plan(t, cluster(others...), ours), "web").EgressTo; edges(again) != edges(first) {
		t.Error("which callees count depends on the order in which they are read")
	}
}

func TestEgress(t *testing.T) {
	deny := class(t, "default a", "{network: {egress: Deny}}")
	for _, c := range []struct {
		what, settings string
		class          client.Object
		internet       bool
		rules          int
	}{
		{"omitted", "", nil, true, 0},
		{"nothing", "egress: []", nil, false, 0},
		{"declared", "egress: [{cidrs: [203.0.113.0/24]}]", nil, false, 1},
		{"denied by the class", "", deny, false, 0},
		{"declared and denied by the class", "egress: [{cidrs: [203.0.113.0/24]}]", deny, false, 1},
	} {
		var objects []client.Object
		if c.class != nil {
			objects = append(objects, c.class.DeepCopyObject().(client.Object)) //nolint:forcetypeassert // a copy of an object
		}
		spec := `{components: [{name: web, image: a, port: 80, ` + c.settings + `}]}`
		got := component(t, plan(t, cluster(objects...), stack(t, spec)), "web")
		if got.Internet != c.internet || len(got.Egress) != c.rules {
			t.Errorf("%s: internet %v, rules %v", c.what, got.Internet, got.Egress)
		}
	}
	external := plan(t, cluster(), stack(t, `
bindings: [{name: stripe, type: stripe, secretRef: {name: stripe}, egress: [{hosts: [api.stripe.com], ports: [443]}]}]
components:
- {name: web, image: a, port: 80, uses: [stripe], egress: []}
- {name: api, image: a, port: 80, uses: [], egress: []}`))
	if web, api := component(t, external, "web"), component(t, external, "api"); len(web.Egress) != 1 || len(api.Egress) != 0 {
		t.Errorf("the service that is used opens %v, the one that is not %v", web.Egress, api.Egress)
	}
}

// TestOnlyComponentsAreLetIn: the pods of a load balancer or of a data service can have the name of a component as a label too.
func TestOnlyComponentsAreLetIn(t *testing.T) {
	resolved := plan(t, cluster(), stack(t,
		`{components: [{name: nginx, image: a, port: 80, uses: []}, {name: api, image: a, port: 90, uses: [], allowFrom: [{component: nginx}]}]}`))
	for _, peer := range component(t, resolved, "api").IngressFrom {
		if got := peer.Labels["app.kubernetes.io/component"]; got != "component" {
			t.Errorf("%v lets in pods of the role %q", peer.Labels, got)
		}
	}
}

func TestEntries(t *testing.T) {
	s := stack(t, `
databases:
- {name: main, engine: PostgreSQL}
- {name: orders, ref: {namespace: data, name: orders, database: orders}}
- {name: own, ref: {name: pg}}
- {name: reports, ref: {namespace: data, name: orders, database: orders}, access: ReadOnly}
- {name: legacy, engine: MySQL, provider: External, external: {secretRef: {name: rds}}}
caches: [{name: sessions, engine: Valkey}]
queues: [{name: jobs, engine: RabbitMQ}]
bindings: [{name: stripe, type: stripe, secretRef: {name: stripe}}]`)
	want := `main StackDatabase shop/shop-main inline=true Owner
orders StackDatabase data/orders inline=false ReadWrite orders
own StackDatabase shop/pg inline=false Owner
reports StackDatabase data/orders inline=false ReadOnly orders
legacy Secret / inline=false
sessions StackCache shop/shop-sessions inline=true Owner
jobs StackQueue shop/shop-jobs inline=true Owner
stripe Secret / inline=false`
	var got []string
	for _, e := range resolve.Entries(s) {
		access := string(e.Access)
		if e.External != nil {
			access = ""
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s/%s inline=%v %s %s", e.Name, e.Kind, e.Namespace, e.Object, e.Inline, access, e.Database)))
	}
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("%s\nwanted\n%s", text, want)
	}
	if keys := resolve.ServiceKeys(s); len(keys) != 6 {
		t.Errorf("%v", keys)
	}
}

func TestRoutes(t *testing.T) {
	for _, c := range []struct{ what, spec, want string }{
		{"no route", `{components: [{name: web, image: a, port: 80}]}`, ""},
		{"everything", `{components: [{name: web, image: a, port: 80, routes: [{name: public}]}]}`, " / web"},
		{"hostnames of the stack", `{hostnames: [a.example], components: [{name: web, image: a, port: 80, routes: [{name: public}]}]}`, "a.example / web"},
		{"hostnames of the route", `{hostnames: [a.example], components: [{name: web, image: a, port: 80, routes: [{name: public, hostnames: [b.example, c.example]}]}]}`, "b.example / web; c.example / web"},
		{"rules", `{defaults: {image: a}, components: [{name: web, port: 80, routes: [{name: r, rules: [{name: x, path: /x}, {name: y, path: /y}]}]}, {name: api, port: 90, routes: [{name: r, rules: [{name: api, path: /api}]}]}]}`, " /x web;  /y web;  /api api"},
	} {
		got := plan(t, cluster(), stack(t, c.spec)).Stack.LoadBalancer
		text := ""
		if got != nil {
			text = strings.ReplaceAll(names(got.Routes, func(r part.Route) string { return r.Hostname + " " + r.Path + " " + r.Component }), ",", "; ")
		}
		if text != c.want {
			t.Errorf("%s: %q, not %q", c.what, text, c.want)
		}
	}
}
