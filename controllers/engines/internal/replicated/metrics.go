package replicated

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// MetricsLogin is the login of exporters, and MetricsConnections is how many each may open.
const (
	MetricsLogin       = "stackwright_metrics"
	MetricsConnections = 3
)

// addMetrics adds the exporters of the primary and of the copies. The primary is watched by the name that every certificate of a
// database has; copies by their own names, which certificates have under one pattern.
func (e *Engine) addMetrics(s *part.Service, exported func(server string) exporter.Exporter, output *part.Output) {
	if s.Metrics == nil {
		return
	}
	servers, copies := int32(1), s.Replicas
	if !runs(s) {
		servers, copies = 0, 0
	}
	exported(Host(s)).Add(s, exporter.Primary(s, servers), output)
	if s.Replicas > 0 {
		server := exporter.Server(ReplicaName(s), kit.ServiceHost(ReplicaName(s), s.Namespace, s.ClusterDomain))
		exported(server).Add(s, exporter.Replica(s, copies), output)
	}
	exporter.Tell(s, e.ExporterPort, output)
}

// MetricsPassword is that of the probe: both logins ask how the server is, and neither reads what is stored.
func MetricsPassword(s *part.Service, variable string) corev1.EnvVar {
	return kit.SecretEnv(variable, s.Admin.Secret, KeyProbePassword)
}

// ForMetrics has the Job make the login of exporters after everything else. It does so in scripts of its own: the files of a Job that
// nobody asks for metrics stay as they are.
func (j *Job) ForMetrics(s *part.Service) {
	if s.Metrics == nil {
		return
	}
	j.Env = append(j.Env, corev1.EnvVar{Name: "BEFORE", Value: cmp.Or(j.Script, "provision.sh")}, MetricsPassword(s, "METRICS_PASSWORD"))
	j.Script, j.Scripts = "metrics.sh", append(j.Scripts, "metrics.sh", "metrics.sql")
}

// ownConnections are those of exporters, which consumers cannot have.
func ownConnections(s *part.Service) int64 {
	if s.Metrics == nil {
		return 0
	}
	return MetricsConnections
}
