// Package resp builds the servers that speak the Redis protocol: Valkey and Redis. They differ in the names of their programs.
//
// Without copies, one server runs, as a StatefulSet. Every consumer has a login of its own in an ACL list, which the server reads when it
// starts and a job applies to a running server; the keys are shared by all. A cache with persistence None holds its content
// in memory; with Durable, in an append-only file on a retained claim.
//
// # Copies
//
// With copies, any member can be the primary, and three sentinels decide which. Clients know nothing of that: beside each sentinel a proxy
// leads to the primary, and the Service of the cache leads to the proxies. What a server is when it starts is decided by its script,
// which asks the sentinels; what a member needs besides, its probe sets. A member never has to be told by the operator. See scripts/.
//
// # Encryption
//
// DefaultTLS is Preferred, not Required: the server speaks clear text on 6379 and TLS on 6380, and uri names the port in clear
// text. Frameworks read REDIS_URL, and no address alone makes a client trust an authority of our own. Tried against a server
// of this package with a plain rediss:// address:
//   - redis-py 6.1, node-redis 6.3, ioredis 6.0 and go-redis 9 refuse the certificate,
//   - kombu 5.5 connects and checks nothing, and Celery 5.5 refuses the address for its results,
//   - with the parameters that redis-py and Celery want, go-redis refuses the address.
//
// A backend that has nothing but REDIS_URL therefore comes up, the network policy keeps others away, and the verdict TLS says
// Fallback. A client that trusts ca.crt of its binding uses tls-uri at once. With mode Required, uri is that address and clear
// text is refused: Node.js then needs NODE_EXTRA_CA_CERTS, and Python, Go and Ruby SSL_CERT_FILE or SSL_CERT_DIR.
package resp

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// mainPort is the port that uri names.
	mainPort = 6379
	// encryptedPort is the TLS port where the main port is in clear text.
	encryptedPort = 6380
	// loginLimit keeps logins readable; the engines themselves have no limit.
	loginLimit = 60
)

// Engine is what tells the engines apart.
type Engine struct {
	// Name is the value of spec.engine.
	Name string
	// Server and Client are the programs.
	Server, Client string
}

// Provider returns the provider of an engine.
func Provider(engine Engine) part.Provider {
	return part.Provider{
		Name:           string(v1alpha1.ProviderBuiltin),
		Kind:           "StackCache",
		Engine:         engine.Name,
		Exporter:       v1alpha1.EngineRedisExporter,
		DefaultTLS:     v1alpha1.TLSPreferred,
		Stateful:       func(s *part.Service) bool { return s.Durable },
		DefaultStorage: "5Gi",
		AdminValues:    []string{adminPassword},
		ServerNames:    serverNames,
		Endpoint:       func(s *part.Service) part.Endpoint { return part.Endpoint{Host: host(s), Port: mainPort} },
		Ports:          ports,
		Login:          login,
		Binding:        binding,
		Upgrade:        func(from, to string) error { return upgrade(engine, from, to) },
		Build:          func(s *part.Service) (part.Output, error) { return build(engine, s) },
	}
}

func host(s *part.Service) string { return kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain) }

// serverNames are the names of the Service and of the pod, short and full.
func serverNames(s *part.Service) []string {
	short := s.Name + "." + s.Namespace
	names := []string{
		host(s), short + ".svc", short, s.Name, s.Name + "-0." + host(s), s.Name + "-0." + s.Name, "localhost",
	}
	// Those of copies and sentinels are in it from the start, so that a first copy needs no new certificate.
	for _, service := range []string{replicaName(s), firstName(s), copyName(s), watchName(s)} {
		names = append(names, service, service+"."+s.Namespace, service+"."+s.Namespace+".svc", serviceHost(s, service))
	}
	return append(names, "*."+serviceHost(s, copyName(s)), "*."+serviceHost(s, watchName(s)))
}

func ports(s *part.Service) []int32 {
	numbers := []int32{mainPort}
	if s.TLS == v1alpha1.TLSPreferred {
		numbers = append(numbers, encryptedPort)
	}
	if s.Replicas > 0 {
		numbers = append(numbers, sentinelPort)
	}
	return numbers
}

// plainPort is the port in clear text; 0 is none.
func plainPort(s *part.Service) int {
	if s.TLS == v1alpha1.TLSRequired {
		return 0
	}
	return mainPort
}

// tlsPort is the encrypted port; 0 is none.
func tlsPort(s *part.Service) int {
	switch s.TLS {
	case v1alpha1.TLSRequired:
		return mainPort
	case v1alpha1.TLSPreferred:
		return encryptedPort
	}
	return 0
}

// login names a consumer: one login for each entry of a stack, alternating between two names with the version of the
// credential, so that the old one works until everybody has the new one.
func login(_ *part.Service, c *part.Consumer) {
	suffix := "_a"
	if c.Credential.Version%2 == 0 {
		suffix = "_b"
	}
	c.Login = kit.Identifier(loginLimit-len(suffix), c.Namespace, c.Stack, c.Entry) + suffix
	c.Database = "0"
}

func upgrade(engine Engine, from, to string) error {
	old, err := parseVersion(from)
	if err != nil {
		return err
	}
	wanted, err := parseVersion(to)
	if err != nil {
		return err
	}
	for i := range min(len(old), len(wanted)) {
		switch {
		case wanted[i] > old[i]:
			return nil
		case wanted[i] < old[i]:
			return part.Invalid(v1alpha1.ReasonUpgradeRefused,
				"version: %s %s cannot read what %s wrote; keep %s or a later version", engine.Name, to, from, from)
		}
	}
	return nil
}

func parseVersion(version string) ([]int, error) {
	var numbers []int
	for word := range strings.SplitSeq(version, ".") {
		number, err := strconv.Atoi(word)
		if err != nil {
			return nil, part.Invalid(v1alpha1.ReasonUpgradeRefused, "version: %q is not a version such as 8.1", version)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// build returns the objects of one cache: the Service, the server's configuration, the list of logins, the pod, the job that
// tells a running server of its logins, and the network policy.
func build(engine Engine, s *part.Service) (part.Output, error) {
	if err := check(s); err != nil {
		return part.Output{}, err
	}
	var output part.Output
	primary := kit.ServiceIdentity(s, primaryRole)
	config, users, member := serverConfig(s), usersConfigMap(s), memberConfig(s)
	if s.Replicated {
		config = member
	} else if present(s) > 0 {
		output.Add(member)
	}
	output.Add(mainService(engine, s), config, users, statefulSet(engine, s, config.Name))
	if present(s) > 0 {
		addCopies(engine, s, member, watchConfig(s), &output)
	}
	if provisions(s) {
		job := provisioning(engine, s, users, member)
		output.Add(job)
		output.Provisioning = job.Name
	}
	output.Add(kit.ServicePolicy(s, primary, ports(s)))
	addMetrics(s, &output)
	verdicts(s, &output)
	return output, nil
}

// serverConfig is the configuration of a server that is alone.
func serverConfig(s *part.Service) *corev1.ConfigMap {
	return kit.Config(kit.ServiceIdentity(s, primaryRole), s.Namespace, kit.Child(s.Name, "config"),
		map[string]string{configFile: configuration(s)})
}

// provisions says whether there is a server and somebody to tell it of, an exporter among them, or members whose number changes.
func provisions(s *part.Service) bool {
	return !s.Suspended && (len(s.Consumers)+len(s.Departed) > 0 || moving(s) || s.Metrics != nil)
}

// check refuses what the engines cannot have, and waits for credentials that are being made.
func check(s *part.Service) error {
	if memoryLimit(s) == 0 {
		return part.Invalid(v1alpha1.ReasonInvalid,
			"resources.limits.memory: is needed, because the engine's own limit follows it; set it, or choose a size")
	}
	if s.Admin == nil || tlsPort(s) != 0 && s.Certificate == nil {
		return part.Waiting(v1alpha1.ReasonCredentialsPending, 0, "the credentials of cache %s are being made", s.Name)
	}
	if err := checkLogins(s); err != nil {
		return err
	}
	return checkParameters(s)
}
