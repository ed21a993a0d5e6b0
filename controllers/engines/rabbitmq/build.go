package rabbitmq

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Build returns the objects of one broker.
func Build(s *part.Service) (part.Output, error) {
	var output part.Output
	settings, err := config(s)
	if err != nil {
		return output, err
	}
	declared, err := declarations(s)
	if err != nil {
		return output, err
	}
	identity := shared(s)
	output.Add(
		settings,
		clientService(s, identity),
		kit.Headless(identity, s.Namespace, peersName(s), kit.TCPPort("epmd", peerPort), kit.TCPPort("cluster", clusterPort)),
		kit.ServicePolicy(s, identity, clientPorts(s)),
		statefulSet(s, settings.Name),
	)
	if s.Nodes > 1 {
		output.Add(kit.DisruptionBudget(identity, s.Namespace, s.Name))
	}
	if !s.Suspended {
		script, job := users(s)
		output.Add(script, job)
		output.Provisioning = job.Name
		addTopology(s, declared, &output)
	}
	addMetrics(s, identity, &output)
	addVerdicts(s, &output)
	return output, nil
}

// addMetrics leads to the plugin that every node runs, whoever asks for metrics: so that asking restarts no node.
func addMetrics(s *part.Service, nodes kit.Identity, output *part.Output) {
	if s.Metrics == nil {
		return
	}
	exporter.AddOwn(s, nodes, kit.TCPPort("prometheus", prometheusPort), output)
	exporter.Tell(s, prometheusPort, output)
}

// clientService resolves to the nodes that are ready, so that a client never starts with one that cannot serve it.
func clientService(s *part.Service, identity kit.Identity) *corev1.Service {
	service := kit.Headless(identity, s.Namespace, s.Name, servicePorts(s)...)
	service.Spec.PublishNotReadyAddresses = false
	return service
}

func servicePorts(s *part.Service) []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, number := range clientPorts(s) {
		ports = append(ports, kit.TCPPort(portName(number), number))
	}
	return append(ports, kit.TCPPort("prometheus", prometheusPort))
}

func portName(number int32) string {
	if number == encryptedPort {
		return "amqps"
	}
	return "amqp"
}
