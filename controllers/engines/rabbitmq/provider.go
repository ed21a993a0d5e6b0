// Package rabbitmq serves the queue engine RabbitMQ as a cluster of N nodes from its own image.
//
// Nodes find each other by name: the node with ordinal 0 forms the cluster and every other one joins it, so that nothing asks
// the API server and a bigger cluster restarts no node. Queues are quorum queues by default. The server runs under the ids of
// the image, with a read-only root file system; its scripts are called directly, because a distribution's wrappers insist on
// root.
//
// A Celery worker that has only CELERY_BROKER_URL works with these queues. One with many tasks that wait for their time (eta,
// countdown) should set task_default_queue_type to quorum, from Celery 5.5 on: it then leaves them with the broker.
//
// DefaultTLS is Preferred, not Required: the broker speaks clear text on 5672 and TLS on 5671, uri and celery-broker-url name
// the port in clear text, and tls-uri the encrypted one. A client cannot be told by a URL alone to trust a private
// authority: kombu 5.5 passes ssl_ca_certs on under that name and py-amqp 5.3 has no such argument, and a bare amqps:// is
// verified against the authorities of the system (both tried). With the mode Required, uri is encrypted, and the client has
// to be pointed at ca.crt of its binding.
package rabbitmq

import (
	"fmt"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	plainPort      = 5672
	encryptedPort  = 5671
	peerPort       = 4369
	clusterPort    = 25672
	prometheusPort = 15692

	// adminName is the administrator, for people. The operator's jobs use the cookie.
	adminName = "stackwright"
	// valuePassword and valueCookie are the random values of the administrator's Secret.
	valuePassword = "password"
	valueCookie   = "erlang-cookie"
	// keyDefaultUser is the key with the configuration that makes the administrator on the first start.
	keyDefaultUser = "default_user.conf"

	// nameLimit bounds logins and virtual hosts; it is the limit of ConsumerStatus.
	nameLimit = 63
)

// Builtin returns the provider that needs nothing installed.
func Builtin() part.Provider {
	return part.Provider{
		Name:           string(v1alpha1.ProviderBuiltin),
		Kind:           "StackQueue",
		Engine:         string(v1alpha1.EngineRabbitMQ),
		DefaultTLS:     v1alpha1.TLSPreferred,
		Stateful:       func(*part.Service) bool { return true },
		DefaultStorage: "10Gi",
		AdminValues:    []string{valuePassword, valueCookie},
		AdminData:      adminData,
		ServerNames:    serverNames,
		Endpoint:       endpoint,
		Ports:          clientPorts,
		Login:          login,
		Binding:        binding,
		Upgrade:        upgrade,
		Build:          Build,
	}
}

func adminData(_ *part.Service, values map[string]string) map[string]string {
	return map[string]string{
		"username":     adminName,
		valuePassword:  values[valuePassword],
		valueCookie:    values[valueCookie],
		keyDefaultUser: fmt.Sprintf("default_user = %s\ndefault_pass = %s\n", adminName, values[valuePassword]),
	}
}

// peersName is the Service that gives every node its name.
func peersName(s *part.Service) string { return kit.Child(s.Name, "nodes") }

// peersHost is the domain that the nodes' names stand in.
func peersHost(s *part.Service) string {
	return kit.ServiceHost(peersName(s), s.Namespace, s.ClusterDomain)
}

// nodeName is the Erlang name of the node with an ordinal.
func nodeName(s *part.Service, ordinal int32) string {
	return fmt.Sprintf("rabbit@%s-%d.%s", s.Name, ordinal, peersHost(s))
}

func serverNames(s *part.Service) []string {
	qualified := s.Name + "." + s.Namespace
	return []string{
		s.Name, qualified, qualified + ".svc", kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain), "*." + peersHost(s),
	}
}

func endpoint(s *part.Service) part.Endpoint {
	return part.Endpoint{Host: kit.ServiceHost(s.Name, s.Namespace, s.ClusterDomain), Port: clientPorts(s)[0]}
}

// clientPorts are the ports for clients; the first is the one that bindings name.
func clientPorts(s *part.Service) []int32 {
	switch s.TLS {
	case v1alpha1.TLSRequired:
		return []int32{encryptedPort}
	case v1alpha1.TLSPreferred:
		return []int32{plainPort, encryptedPort}
	}
	return []int32{plainPort}
}

// login names a consumer: one login for each entry of a stack, alternating between two names with the version of the
// credential, so that the old one works until everybody has the new one. A private virtual host is called like the stack that
// made the broker, and for any other after its namespace and name.
func login(s *part.Service, c *part.Consumer) {
	suffix := "_a"
	if c.Credential.Version%2 == 0 {
		suffix = "_b"
	}
	c.Login = kit.Identifier(nameLimit-len(suffix), c.Namespace, c.Stack, c.Entry) + suffix
	switch {
	case !c.Private:
	case c.Stack == s.Stack && c.Namespace == s.Namespace:
		c.Database = makersVHost(s)
	default:
		c.Database = kit.Identifier(nameLimit, c.Namespace, c.Stack)
	}
}

// makersVHost is the private virtual host of the stack that made the broker.
func makersVHost(s *part.Service) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(s.Stack)
}
