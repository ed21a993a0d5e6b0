// Package exporter makes what tells of the servers of a data service in the format of Prometheus.
//
// For each StatefulSet of servers there is one of exporters with as many pods, in which pod i watches server i by its stable name.
// They stand in no server's pod: one that fails would take the server out of its Service, and asking for metrics would restart it.
package exporter

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// portName is the name of the port in pods and Services.
	portName = "metrics"
	// Index in the arguments and variables of an exporter is the ordinal of the server that it watches.
	Index = "$(INDEX)"
	// Authority is the file that an exporter knows its server by.
	Authority = tlsPath + "/" + corev1.ServiceAccountRootCAKey
	// ConfigPath has the files of an exporter.
	ConfigPath = "/stackwright/config"
	tlsPath    = "/stackwright/tls"
)

// Exporter is what an engine gives.
type Exporter struct {
	// Port that it answers on.
	Port int32
	// Args and Env of its container. The program is the entry point of its image.
	Args []string
	Env  []corev1.EnvVar
	// Files of its configuration, below ConfigPath.
	Files map[string]string
}

// Watched is a StatefulSet of servers.
type Watched struct {
	// Role of its exporters in the component label.
	Role string
	// Name of their StatefulSet and Service.
	Name string
	// Servers is how many run.
	Servers int32
}

// Primary are the exporters of the servers that a service is called after.
func Primary(s *part.Service, servers int32) Watched {
	return Watched{Role: "metrics", Name: Name(s), Servers: servers}
}

// Replica are the exporters of read copies. A longer name would not fit the limit of a StatefulSet's.
func Replica(s *part.Service, servers int32) Watched {
	return Watched{Role: "replica-metrics", Name: kit.Child(s.Name, "rmetric"), Servers: servers}
}

// Name is that of the Service that leads to what tells of the main servers.
func Name(s *part.Service) string { return kit.Child(s.Name, "metrics") }

// Server is the name of the server that an exporter watches: the pod of its ordinal, in the domain of the servers' Service.
func Server(set, domain string) string { return set + "-" + Index + "." + domain }

// Bind adds where metrics are to the facts of a binding.
func Bind(s *part.Service, facts map[string]string, w Watched, port int32) {
	if s.Metrics == nil {
		return
	}
	facts["metrics-host"] = kit.ServiceHost(w.Name, s.Namespace, s.ClusterDomain)
	facts["metrics-port"] = strconv.Itoa(int(port))
}

// Add adds the exporters of one StatefulSet of servers.
func (e Exporter) Add(s *part.Service, w Watched, output *part.Output) {
	identity := kit.ServiceIdentity(s, w.Role)
	if len(e.Files) > 0 {
		config := kit.Config(identity, s.Namespace, w.Name, e.Files)
		output.Add(config)
		output.Add(e.statefulSet(s, w, config.Name))
	} else {
		output.Add(e.statefulSet(s, w, ""))
	}
	output.Add(kit.Headless(identity, s.Namespace, w.Name, kit.TCPPort(portName, e.Port)))
	admit(s, identity, w.Name, identity.Selector(), e.Port, output)
	output.Exporters = append(output.Exporters, w.Name)
}

// AddOwn is for servers that tell of themselves. That they do stands on a Service of its own: on their pods it would restart them.
func AddOwn(s *part.Service, servers kit.Identity, port corev1.ServicePort, output *part.Output) {
	identity := kit.ServiceIdentity(s, "metrics")
	service := kit.Headless(identity, s.Namespace, Name(s), port)
	service.Spec.Selector = servers.Selector()
	service.Annotations = annotations(port.Port)
	output.Add(service)
	admit(s, identity, service.Name, servers.Selector(), port.Port, output)
}

// annotations are what scrapers look for.
func annotations(port int32) map[string]string {
	return map[string]string{
		"prometheus.io/scrape": "true", "prometheus.io/port": strconv.Itoa(int(port)), "prometheus.io/path": "/metrics",
	}
}

// Tell says whom metrics are told to.
func Tell(s *part.Service, port int32, output *part.Output) {
	if s.Metrics == nil {
		return
	}
	verdict, message := v1alpha1.VerdictEnforced, fmt.Sprintf("served at %s:%d/metrics to the namespaces that the class names", Name(s), port)
	if s.Metrics.Readers == nil {
		verdict, message = v1alpha1.VerdictFallback, fmt.Sprintf("served at %s:%d/metrics, and nobody may read: ask the platform team for "+
			"spec.monitoring of the StackClass", Name(s), port)
	}
	output.Verdict(v1alpha1.CapabilityVerdict{
		Name: "Metrics", Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
	})
}

// admit lets in those who may read, beside what the policy of the service allows.
func admit(s *part.Service, identity kit.Identity, name string, pods map[string]string, port int32, output *part.Output) {
	if s.Metrics.Readers == nil {
		return
	}
	output.Add(kit.IngressPolicy(identity, s.Namespace, name, pods, kit.FromGranted(*s.Metrics.Readers, port)))
}
