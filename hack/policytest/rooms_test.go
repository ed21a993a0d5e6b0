package policytest

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// golden is one golden case of a room: what was asked for, and the documents that answer it.
type golden struct {
	name      string
	in        []byte
	documents [][]byte
}

// goldens reads the cases of the rooms that a pattern names. A case that is refused has no objects, and is left out.
func goldens(t *testing.T, pattern string) []golden {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "controllers", pattern, "testdata", "*.golden.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	var result []golden
	for _, file := range files {
		base := strings.TrimSuffix(file, ".golden.yaml")
		g := golden{name: strings.TrimPrefix(filepath.ToSlash(base), "../../controllers/")}
		if g.in, err = os.ReadFile(base + ".in.yaml"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(content, []byte("--- # ")) {
			if comment, body, _ := bytes.Cut(document, []byte("\n")); string(comment) == "owned" {
				g.documents = append(g.documents, body)
			}
		}
		result = append(result, g)
	}
	return result
}

// made are the policies of a golden case, and its pods.
func (g golden) made(t *testing.T) ([]*networkingv1.NetworkPolicy, []*end) {
	t.Helper()
	var policies []*networkingv1.NetworkPolicy
	var pods []*end
	for _, body := range g.documents {
		var document struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
			Spec     struct {
				PodSelector *metav1.LabelSelector   `json:"podSelector"`
				Template    *corev1.PodTemplateSpec `json:"template"`
				JobTemplate *struct {
					Spec struct {
						Template *corev1.PodTemplateSpec `json:"template"`
					} `json:"spec"`
				} `json:"jobTemplate"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(body, &document); err != nil {
			t.Fatal(err)
		}
		if scheduled := document.Spec.JobTemplate; scheduled != nil {
			document.Spec.Template = scheduled.Spec.Template
		}
		switch meta := document.Metadata; {
		case document.Spec.PodSelector != nil:
			policy := &networkingv1.NetworkPolicy{}
			if err := yaml.UnmarshalStrict(body, policy); err != nil {
				t.Fatal(err)
			}
			policies = append(policies, policy)
		case document.Spec.Template != nil:
			pods = append(pods, &end{
				name: meta.Namespace + "/" + meta.Name, namespace: meta.Namespace, labels: document.Spec.Template.Labels, ours: true,
			})
		}
	}
	return policies, pods
}

func (g golden) read(t *testing.T, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(g.in, into); err != nil {
		t.Fatal(err)
	}
}

// is says whether an end is who a peer of a room's input describes.
func (e *end) is(peer part.Peer, own string) bool {
	namespace := own
	if peer.Namespace != "" {
		namespace = peer.Namespace
	}
	for key, value := range peer.Labels {
		if e.labels[key] != value {
			return false
		}
	}
	return e.namespace == namespace
}

// meets says whether one of the peers is the end, on the port.
func (e *end) meets(peers []part.Peer, own string, port int, protocol corev1.Protocol) bool {
	return slices.ContainsFunc(peers, func(peer part.Peer) bool {
		open := len(peer.Ports) == 0 || slices.ContainsFunc(peer.Ports, func(p part.Port) bool {
			return (p.Number == 0 || int(p.Number) == port) && p.Protocol == protocol
		})
		return open && e.is(peer, own)
	})
}

// componentScene is a golden case of the components: each says whom it meets.
func componentScene(t *testing.T, g golden) *scene {
	t.Helper()
	in, s := &part.Stack{}, &scene{}
	g.read(t, in)
	s.policies, s.ends = g.made(t)
	var peers []part.Peer
	for i := range in.Components {
		c := &in.Components[i]
		pod := s.ends[slices.IndexFunc(s.ends, func(e *end) bool { return e.labels["app.kubernetes.io/name"] == string(c.Spec.Name) })]
		pod.built = c
		s.note(c.Egress...)
		peers = slices.Concat(peers, c.IngressFrom, c.EgressTo)
	}
	for _, peer := range peers {
		for _, port := range peer.Ports {
			s.ports = append(s.ports, int(port.Number))
		}
		if !slices.ContainsFunc(s.ends, func(e *end) bool { return e.is(peer, in.Namespace) }) {
			namespace := in.Namespace
			if peer.Namespace != "" {
				namespace = peer.Namespace
			}
			s.ends = append(s.ends, &end{name: fmt.Sprint("peer ", peer.Labels), namespace: namespace, labels: peer.Labels})
		}
	}
	s.sends = func(from, to *end, port int, protocol corev1.Protocol) bool {
		return to.dns && port == 53 && protocol != corev1.ProtocolSCTP ||
			to.meets(from.built.EgressTo, in.Namespace, port, protocol) || to.outside() && goesOut(from.built, to, port, protocol)
	}
	s.accepts = func(from, to *end, port int, protocol corev1.Protocol) bool {
		return from.meets(to.built.IngressFrom, in.Namespace, port, protocol)
	}
	return s.complete()
}

// goesOut says whether a component is let out to an address.
func goesOut(c *part.Component, to *end, port int, protocol corev1.Protocol) bool {
	return c.Internet && public(to.address) || slices.ContainsFunc(c.Egress, func(rule v1alpha1.EgressRule) bool {
		return within(rule, to.address, port, protocol == corev1.ProtocolTCP)
	})
}

// balancerScene is a golden case of the load balancer: everybody comes in, and it meets the components of its routes.
func balancerScene(t *testing.T, g golden) *scene {
	t.Helper()
	in, s := &part.Stack{}, &scene{}
	g.read(t, in)
	s.policies, s.ends = g.made(t)
	if in.LoadBalancer == nil {
		if len(g.documents) > 0 {
			t.Error("something is made for no routes")
		}
		return nil
	}
	routed := map[string]*end{}
	for _, route := range in.LoadBalancer.Routes {
		s.ports = append(s.ports, int(route.Port))
		if routed[route.Component] == nil {
			routed[route.Component] = &end{name: "component " + route.Component, namespace: in.Namespace, labels: map[string]string{
				"app.kubernetes.io/name": route.Component, "app.kubernetes.io/instance": in.Name, "app.kubernetes.io/component": "component",
			}}
			s.ends = append(s.ends, routed[route.Component])
		}
	}
	s.accepts = func(_, _ *end, port int, protocol corev1.Protocol) bool {
		return port == balancerPort && protocol == corev1.ProtocolTCP
	}
	s.sends = func(_, to *end, port int, protocol corev1.Protocol) bool {
		return to.dns && port == 53 && protocol != corev1.ProtocolSCTP ||
			protocol == corev1.ProtocolTCP && slices.ContainsFunc(in.LoadBalancer.Routes, func(r part.Route) bool {
				return routed[r.Component] == to && int(r.Port) == port
			})
	}
	return s.complete()
}

// sentinelPort is open to consumers of a cache with copies, which may ask where the primary is.
const sentinelPort = 26379

// toBucket is where the pods of a service's backups are let out to.
func toBucket(s *part.Service) v1alpha1.EgressRule {
	if s.Vault == nil || s.Vault.Bucket == nil {
		return v1alpha1.EgressRule{CIDRs: []v1alpha1.CIDR{}}
	}
	rule := v1alpha1.EgressRule{Ports: []int32{443}}
	if endpoint, err := url.Parse(s.Vault.Bucket.Endpoint); err == nil && endpoint.Port() != "" {
		port, _ := strconv.Atoi(endpoint.Port())
		rule.Ports[0] = int32(port) //nolint:gosec // ports fit
	}
	for _, cidr := range s.Vault.Bucket.CIDRs {
		rule.CIDRs = append(rule.CIDRs, v1alpha1.CIDR(cidr))
	}
	if len(rule.CIDRs) == 0 {
		rule.Hosts = []v1alpha1.Hostname{"s3"}
	}
	return rule
}

// carries says whether a pod of ours carries archives.
func (e *end) carries() bool {
	return e.ours && slices.Contains([]string{"backup", "restore", "verify"}, e.labels["app.kubernetes.io/component"])
}

// tellers are the role and the port of the pods that tell what the servers of an engine do.
var tellers = map[string]struct {
	role string
	port int
}{
	"PostgreSQL": {"metrics", 9187}, "MySQL": {"metrics", 9104}, "Valkey": {"metrics", 9121}, "Redis": {"metrics", 9121},
	"Memcached": {"metrics", 9150}, "RabbitMQ": {"server", 15692},
}

// reads says whether somebody may read the metrics that a pod of ours tells.
func reads(in *part.Service, from, to *end, port int) bool {
	told := tellers[in.Engine]
	role := strings.TrimPrefix(to.labels["app.kubernetes.io/component"], "replica-")
	if in.Metrics == nil || in.Metrics.Readers == nil || from.outside() || role != told.role || port != told.port {
		return false
	}
	switch readers := in.Metrics.Readers; readers.From {
	case v1alpha1.NamespacesAll:
		return true
	case v1alpha1.NamespacesSame:
		return from.namespace == in.Namespace
	default:
		return from.namespace == readers.Selector.MatchLabels[corev1.LabelMetadataName]
	}
}

// serviceScene is a golden case of an engine: its pods meet each other, and its consumers come in on the ports for clients.
func serviceScene(t *testing.T, g golden) *scene {
	t.Helper()
	in, s := &part.Service{}, &scene{}
	g.read(t, in)
	s.policies, s.ends = g.made(t)
	clients := servicePorts(in.Engine, in.TLS)
	if in.Kind == "StackCache" && in.Replicas > 0 {
		clients = append(clients, sentinelPort)
	}
	if in.Pooler != nil {
		clients = append(clients, 6432)
	}
	s.ports = append(s.ports, 6380, 5671, 5672, 11211, 6432, 27017, sentinelPort) // of another mode of TLS, of other engines, of a pooler, and of sentinels
	s.ports = append(s.ports, 4369, 15672, 15692, 25672)                          // among nodes only
	s.ports = append(s.ports, 9104, 9121, 9150, 9187)                             // of exporters
	s.ends = append(s.ends, &end{name: "a scraper", namespace: "monitoring", labels: map[string]string{"app": "prometheus"}})
	s.roles = true
	s.ends = append(s.ends, &end{name: "a component called like the engine", namespace: in.Namespace, labels: map[string]string{
		"app.kubernetes.io/name": strings.ToLower(in.Engine), "app.kubernetes.io/instance": in.Name, "app.kubernetes.io/component": "component",
		"stackwright.dev/stack": in.Name,
	}})
	admitted := map[*end]bool{}
	for _, c := range slices.Concat(in.Consumers, in.Departed) {
		e := &end{name: "consumer " + c.Namespace + "/" + c.Stack, namespace: c.Namespace, labels: map[string]string{
			"stackwright.dev/stack": c.Stack, "uses.stackwright.dev/" + c.Entry: "true",
			"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": c.Stack, "app.kubernetes.io/component": "component",
		}}
		admitted[e] = slices.ContainsFunc(in.Consumers, func(other part.Consumer) bool {
			return other.Namespace == c.Namespace && other.Stack == c.Stack && other.Entry == c.Entry
		})
		s.ends = append(s.ends, e)
	}
	bucket := toBucket(in)
	s.note(bucket)
	s.sends = func(from, to *end, port int, protocol corev1.Protocol) bool {
		return to.ours || to.dns && port == 53 && protocol != corev1.ProtocolSCTP ||
			from.carries() && to.outside() && within(bucket, to.address, port, protocol == corev1.ProtocolTCP)
	}
	s.accepts = func(from, to *end, port int, protocol corev1.Protocol) bool {
		return from.ours || protocol == corev1.ProtocolTCP && (admitted[from] && slices.Contains(clients, port) || reads(in, from, to, port))
	}
	return s.complete()
}
