package policytest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// manifests are the files that are rendered as a whole, by the name of the case.
func manifests(t *testing.T) map[string][]string {
	t.Helper()
	result := map[string][]string{"demo": {"../demo/shop.yaml"}}
	for _, pattern := range []string{"testdata/*.yaml", "../../config/samples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < 3 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			result[strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), "../../")+"/"+filepath.Base(file)] = []string{file}
		}
	}
	// A class makes nothing by itself.
	result["config/samples/stackclass.yaml"] = append(result["config/samples/stackclass.yaml"], "../../config/samples/shop.yaml")
	return result
}

// forEachScene runs a test over every golden stack and service, and over every manifest.
func forEachScene(t *testing.T, test func(*testing.T, *scene)) {
	t.Helper()
	run := func(name string, make func(*testing.T) *scene) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s := make(t); s != nil {
				test(t, s)
			}
		})
	}
	for name, files := range manifests(t) {
		run(name, func(t *testing.T) *scene {
			result := render(t, files...).scene()
			result.together = name == "testdata/lookalike.yaml"
			return result
		})
	}
	for pattern, make := range map[string]func(*testing.T, golden) *scene{
		"components": componentScene, "loadbalancer": balancerScene, "engines/*": serviceScene,
	} {
		for _, g := range goldens(t, pattern) {
			run(g.name, func(t *testing.T) *scene { return make(t, g) })
		}
	}
}

// TestNetworkEdges: exactly the declared connections are open, by the policies of each end.
func TestNetworkEdges(t *testing.T) {
	forEachScene(t, func(t *testing.T, s *scene) {
		result := s.compare(s.policies, s.ends, s.ends, 20)
		for _, difference := range result.differences {
			t.Error(difference)
		}
		t.Logf("%d connections are open, %d closed", result.open, result.closed)
		if result.open < 3 || result.closed < 1000 {
			t.Errorf("only %d open and %d closed connections were tried", result.open, result.closed)
		}
	})
}

type comparison struct {
	open, closed int
	differences  []string
}

// compare tries every connection between the ends of which at least one is ours, until it has found limit differences. A
// connection has one end in some.
func (s *scene) compare(policies []*networkingv1.NetworkPolicy, some, all []*end, limit int) comparison {
	policy := matcher.BuildNetworkPolicies(false, policies)
	var result comparison
	try := func(from, to *end) {
		for _, port := range s.ports {
			for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
				result.connection(s, policy, from, to, port, protocol)
			}
		}
	}
	for _, one := range some {
		for _, other := range all {
			if one.ours || other.ours {
				try(one, other)
				if !slices.Contains(some, other) {
					try(other, one)
				}
			}
			if len(result.differences) >= limit {
				return result
			}
		}
	}
	return result
}

// connection compares what each end of ours allows with what it is to allow. It is open where both ends do.
func (c *comparison) connection(s *scene, policy *matcher.Policy, from, to *end, port int, protocol corev1.Protocol) {
	got := policy.IsTrafficAllowed(&matcher.Traffic{
		Source: from.peer(), Destination: to.peer(), ResolvedPort: port, Protocol: protocol,
	})
	judge := func(way string, allowed, declared bool) {
		if allowed != declared {
			c.differences = append(c.differences, fmt.Sprintf("%s to %s on %d/%s: the policies %s say %v, declared is %v",
				from.name, to.name, port, protocol, way, allowed, declared))
		}
	}
	switch {
	case s.together:
		judge("of both", got.IsAllowed(), (!from.ours || s.sends(from, to, port, protocol)) && (!to.ours || s.accepts(from, to, port, protocol)))
	case from.ours:
		judge("for egress", got.Egress.IsAllowed(), s.sends(from, to, port, protocol))
	}
	if to.ours && !s.together {
		judge("for ingress", got.Ingress.IsAllowed(), s.accepts(from, to, port, protocol))
	}
	if got.IsAllowed() {
		c.open++
	} else {
		c.closed++
	}
}
