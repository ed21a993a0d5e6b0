package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// metadataAddress is where clouds serve the credentials of their machines.
const metadataAddress = "169.254.169.254"

// dials make the operator connect somewhere. Every attack of every class is watched for that; these name addresses.
func dials() []Attack {
	bank := "apiVersion: v1\nkind: Secret\nmetadata: {name: bank}\nstringData: {uri: \"http://" + metadataAddress + "/\", host: " + metadataAddress + ", type: bank}\n---\n"
	given := bank[:len(bank)-len("---\n")]
	const silent = "accepted: the operator connects to the API server alone; only pods of the tenant learn the address"
	notProbed := func(ctx context.Context, s *scene) error {
		object := &v1alpha1.BackendStack{}
		err := s.get(ctx, "shop", object)
		if err == nil && (len(object.Status.Dependencies) != 1 || object.Status.Dependencies[0].Reason != v1alpha1.ReasonNotProbed) {
			err = fmt.Errorf("the service was probed: %+v", object.Status.Dependencies)
		}
		return err
	}
	refused := func(name, manifest, says string) Attack {
		return Attack{Name: name, Expect: "refused: no field has an address for the operator", Steps: []Step{create(manifest, says)}}
	}
	ready := []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}}
	return classed(Dial,
		Attack{
			Name: "external-database", Expect: silent, Given: given, Check: notProbed, Shows: ready,
			Steps: []Step{create(web("uses: [main]") + "  databases: [{name: main, engine: MySQL, provider: External, external: {secretRef: {name: bank}, keys: {uri: uri, host: host}}}]\n")},
		},
		Attack{
			Name: "external-binding", Expect: silent, Given: given, Check: notProbed, Shows: ready,
			Steps: []Step{create(web("uses: [main]") + "  bindings: [{name: main, type: bank, secretRef: {name: bank}, egress: [{hosts: [metadata.google.internal]}]}]\n")},
		},
		Attack{
			Name: "image-of-an-address", Expect: "LimitExceeded; and the operator asks no registry", Steps: []Step{create(edited(plainWeb, "ghcr.io/acme/shop:1.4.2", metadataAddress+":80/latest/meta-data"))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonLimitExceeded, []string{"spec.components[web].image"}}},
		},
		Attack{
			Name: "egress-to-machine-credentials", Expect: "accepted: an address that a tenant names is open to his pods alone, as to any pod he makes; the default opens none of those",
			Steps: []Step{create(web("uses: []\negress: [{cidrs: [" + metadataAddress + "/32], ports: [80]}]"))}, Shows: ready, Check: onlyOwnPolicy,
		},
		Attack{
			Name: "egress-by-default", Expect: "accepted: private, link-local and shared ranges are closed", Steps: []Step{create(plainWeb)}, Shows: ready, Check: closedRanges,
		},
		refused("probe-of-another-host", web("probes: {readiness: {httpGet: {path: /, host: "+metadataAddress+"}}}"), "host"),
		refused("probe-by-tcp-of-another-host", web("probes: {liveness: {tcpSocket: {host: "+metadataAddress+"}}}"), "host"),
		refused("probe-by-grpc", web("probes: {liveness: {grpc: {port: 1, service: x}}}"), "grpc"),
		refused("keys-from-an-address", web("routes: [{name: a, rules: [{name: a, path: /, auth: {jwt: {jwksURI: \"http://"+metadataAddress+"\"}}}]}]"), "auth"),
		refused("endpoint-of-a-service", service("StackDatabase", "{engine: PostgreSQL, endpoint: {host: "+metadataAddress+", port: 80}}"), "endpoint"),
		refused("external-with-address", stack("databases: [{name: a, engine: MySQL, provider: External, external: {secretRef: {name: a}, host: "+metadataAddress+"}}]"), "host"),
		refused("backup-to-an-address", service("StackDatabase", "{engine: PostgreSQL, backup: {endpoint: \"http://"+metadataAddress+"\"}}"), "backup"),
	)
}

// onlyOwnPolicy says whether an address that the tenant named is in the policy of his component alone.
func onlyOwnPolicy(ctx context.Context, s *scene) error {
	return each(ctx, s.Client, s.Own, func(kind string, object client.Object) error {
		text, _ := json.Marshal(object)
		names := strings.Contains(string(text), `"cidr":"`+metadataAddress)
		if names && kind == "NetworkPolicy" && object.GetName() != "shop-web" {
			return fmt.Errorf("%s opens the address too", object.GetName())
		}
		return nil
	})
}

func closedRanges(ctx context.Context, s *scene) error {
	policy := &networkingv1.NetworkPolicy{}
	if err := s.get(ctx, "shop-web", policy); err != nil {
		return err
	}
	text, _ := json.Marshal(policy.Spec.Egress)
	for _, closed := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "fe80::/10"} {
		if !strings.Contains(string(text), closed) {
			return errors.New(closed + " is open by default")
		}
	}
	return nil
}

// routes take the traffic of somebody else. Every stack has a load balancer with an address of its own: nothing is shared that could
// be taken.
func routes() []Attack {
	serving := func(hostname string) string {
		return web("uses: []\nroutes: [{name: public, hostnames: [" + quoted(hostname) + "]}]")
	}
	own := func(name, hostname string) Attack {
		return Attack{
			Name: name, Expect: "accepted: the tenant's own load balancer answers for the name, at its own address; the neighbour's serves as before",
			Steps: []Step{create(serving(hostname))}, Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
			Check: func(ctx context.Context, s *scene) error { return s.ownBalancer(ctx, hostname) },
		}
	}
	refused := func(name, fields, says string) Attack {
		return Attack{Name: name, Expect: "refused: no field of a route leads elsewhere", Steps: []Step{create(web(fields), says)}}
	}
	return classed(RouteHijack,
		own("hostname-of-neighbour", "shop.example.com"),
		own("wildcard-over-neighbour", "*.example.com"),
		own("top-level-wildcard", "*.com"),
		Attack{
			Name: "same-path-twice", Expect: "Invalid that names both routes: the first one keeps nothing that the second takes in silence",
			Steps: []Step{create(web("uses: []\nroutes: [{name: one}, {name: two}]"))}, Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonInvalid, []string{"one/all", "two/all"}}},
		},
		refused("any-host-wildcard", "routes: [{name: a, hostnames: [\"*\"]}]", "hostnames[0]"),
		refused("backend-of-another-namespace", "routes: [{name: a, rules: [{name: a, path: /, backend: {namespace: NEIGHBOUR, name: shop-web}}]}]", "backend"),
		refused("parent-gateway", "routes: [{name: a, parentRef: {namespace: NEIGHBOUR, name: gateway}}]", "parentRef"),
		refused("certificate-of-another-namespace", "routes: [{name: a, tls: {secretName: NEIGHBOUR/tls}}]", "tls"),
		refused("external-addresses", "externalIPs: [192.0.2.1]", "externalIPs"),
		refused("external-name", "externalName: bank.example.com", "externalName"),
		Attack{
			Name: "hostname-conflict", Expect: "HostnameConflict: the oldest claim of a hostname on a shared gateway keeps it",
			Skipped: "no gateway is shared in this version: each stack has a load balancer of its own, and no class lists hostnames (see hostname-of-neighbour)",
		},
		Attack{
			Name: "reference-grant", Expect: "a route to a Service of another namespace needs its ReferenceGrant",
			Skipped: "no route of the Gateway API is written in this version (see backend-of-another-namespace)",
		},
	)
}

// ownBalancer says whether the tenant's load balancer leads to pods of the tenant alone.
func (s *scene) ownBalancer(ctx context.Context, hostname string) error {
	text, err := s.balancerConfig(ctx)
	if err != nil {
		return err
	}
	if !strings.Contains(text, hostname) || !strings.Contains(text, "shop-web."+s.Own+".svc") || strings.Contains(text, s.room.neighbour.Own) {
		return fmt.Errorf("the load balancer leads elsewhere:\n%s", text)
	}
	services := &corev1.ServiceList{}
	if err := s.Client.List(ctx, services, client.InNamespace(s.Own)); err != nil {
		return err
	}
	for i := range services.Items {
		spec := &services.Items[i].Spec
		if spec.Type == corev1.ServiceTypeExternalName || len(spec.ExternalIPs) > 0 || spec.LoadBalancerIP != "" || len(spec.Selector) == 0 {
			return fmt.Errorf("service %s takes addresses: %+v", services.Items[i].Name, spec)
		}
	}
	return nil
}

// monitors scrape with rights, or are scraped with too many.
func monitors() []Attack {
	refused := func(name, manifest, says string) Attack {
		return Attack{Name: name, Expect: "refused: nothing of monitoring is in the API yet", Steps: []Step{create(manifest, says)}}
	}
	return classed(Monitoring,
		refused("token-file", web("metrics: {port: 9100, bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token}"), "metrics"),
		refused("tls-files", web("metrics: {port: 9100, tlsConfig: {caFile: /etc/passwd}}"), "metrics"),
		refused("honor-labels", web("monitoring: {honorLabels: true, namespaceSelector: {any: true}}"), "monitoring"),
		refused("alert-rules", web("slo: {availability: \"99.9\", expr: up}"), "slo"),
		refused("exporter-of-database", service("StackDatabase", "{engine: PostgreSQL, exporter: {superuser: true, queries: [select pg_read_file('/etc/passwd')]}}"), "exporter"),
		refused("exporter-of-cache", service("StackCache", "{engine: Valkey, metrics: {image: evil}}"), "metrics"),
		Attack{
			Name: "scrape-annotations", CVE: cveLabels, Expect: "accepted: the annotation is the stack's alone, no pod is scraped by it",
			Steps: []Step{create(marked(`annotations: {prometheus.io/scrape: "true", prometheus.io/port: "5432", prometheus.io/path: "/x"}`))},
			Shows: []Shown{{"BackendStack", "shop", v1alpha1.ReasonReady, nil}},
		},
	)
}
