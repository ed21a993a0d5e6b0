// Package memcached serves the cache engine Memcached from N independent nodes; clients spread their keys over the list
// servers of their binding.
//
// Who may connect is decided by the network policy alone. Few clients know the engine's passwords, so there are none, and
// every consumer may read and write everything; the verdict Authentication says so.
//
// TLS is off by default, as hardly any client has it; mode Required turns it on for the one port. Mode Preferred is refused:
// clients of one list would see different ports.
//
// The probes are TCP: the engine's images have no program that speaks its protocol, nor a shell that opens connections.
package memcached

import (
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const port = 11211

// Builtin returns the provider that needs nothing installed.
func Builtin() part.Provider {
	return part.Provider{
		Name:        string(v1alpha1.ProviderBuiltin),
		Kind:        "StackCache",
		Engine:      string(v1alpha1.EngineMemcached),
		Exporter:    v1alpha1.EngineMemcachedExporter,
		DefaultTLS:  v1alpha1.TLSDisabled,
		Stateful:    func(*part.Service) bool { return false },
		ServerNames: serverNames,
		Endpoint:    func(s *part.Service) part.Endpoint { return part.Endpoint{Host: host(s), Port: port} },
		Ports:       func(*part.Service) []int32 { return []int32{port} },
		Login:       func(*part.Service, *part.Consumer) {},
		Binding:     binding,
		Upgrade:     func(string, string) error { return nil }, // nothing is kept that another version could not read
		Build:       build,
	}
}

func identity(s *part.Service) kit.Identity { return kit.ServiceIdentity(s, "shard") }

func host(s *part.Service) string { return kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain) }

// serverNames has every node under one pattern, so that more shards need no other certificate.
func serverNames(s *part.Service) []string {
	short := s.Name + "." + s.Namespace
	return []string{host(s), "*." + host(s), short + ".svc", short, s.Name, "*." + s.Name, "localhost"}
}

// servers are the nodes by their stable names.
func servers(s *part.Service) string {
	var list []string
	for shard := range s.Shards {
		list = append(list, s.Name+"-"+strconv.Itoa(int(shard))+"."+host(s)+":"+strconv.Itoa(port))
	}
	return strings.Join(list, ",")
}

// binding has the list of nodes in servers and in uri; host resolves to all of them, in any order, and suits a single one.
// The key tls tells a client to encrypt: no address of this engine has a scheme for that.
func binding(s *part.Service, _ part.Consumer, _ string) map[string]string {
	facts := map[string]string{
		"type": "memcached", "provider": "stackwright",
		"host": host(s), "port": strconv.Itoa(port), "servers": servers(s), "uri": "memcached://" + servers(s),
	}
	if s.TLS == v1alpha1.TLSRequired {
		facts["tls"] = "true"
	}
	exporter.Bind(s, facts, exporter.Primary(s, s.Shards), exporterPort)
	return facts
}

// build returns the objects of one cache: the Service that names the nodes, the nodes, and what protects them.
func build(s *part.Service) (part.Output, error) {
	if err := check(s); err != nil {
		return part.Output{}, err
	}
	var output part.Output
	shard := identity(s)
	output.Add(
		kit.Headless(shard, s.Namespace, s.Name, kit.TCPPort(portName, port)),
		statefulSet(s, shard),
		kit.ServicePolicy(s, shard, []int32{port}),
	)
	if s.Shards > 1 {
		output.Add(kit.DisruptionBudget(shard, s.Namespace, s.Name))
	}
	addMetrics(s, &output)
	verdicts(s, &output)
	return output, nil
}

func check(s *part.Service) error {
	if itemMemory(s) < leastMemory {
		return part.Invalid(v1alpha1.ReasonInvalid,
			"resources.limits.memory: needs at least 32Mi, because the engine's own limit follows it; set it, or choose a size")
	}
	if s.TLS == v1alpha1.TLSPreferred {
		return part.Invalid(v1alpha1.ReasonInvalid, "tls.mode: Memcached has one port for all; choose Required or Disabled")
	}
	if s.TLS == v1alpha1.TLSRequired && s.Certificate == nil {
		return part.Waiting(v1alpha1.ReasonCredentialsPending, 0, "the certificate of cache %s is being made", s.Name)
	}
	return checkParameters(s)
}

func verdicts(s *part.Service, output *part.Output) {
	say := func(name string, verdict v1alpha1.Verdict, message string) {
		output.Verdict(v1alpha1.CapabilityVerdict{
			Name: name, Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
		})
	}
	say("Authentication", v1alpha1.VerdictUnsupported, "there are no logins: the network policy admits the pods of "+
		"consumers, and each of them may read and write every key")
	if s.TLS == v1alpha1.TLSRequired {
		say("TLS", v1alpha1.VerdictEnforced,
			"connections in clear text are refused; clients have to trust ca.crt of their binding")
		return
	}
	say("TLS", v1alpha1.VerdictUnsupported,
		"connections are in clear text; tls.mode Required encrypts them where every client can")
}
