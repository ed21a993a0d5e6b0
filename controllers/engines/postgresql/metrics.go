package postgresql

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

const exporterPort = 9187

// exported is postgres_exporter, which watches the server of a name as the role that scripts/metrics.sql makes.
func exported(s *part.Service, server string) exporter.Exporter {
	security := "sslmode=disable"
	if s.Certificate != nil {
		security = "sslmode=verify-full&sslrootcert=" + exporter.Authority
	}
	return exporter.Exporter{
		Port: exporterPort,
		Args: []string{fmt.Sprintf("--web.listen-address=:%d", exporterPort)},
		Env: []corev1.EnvVar{
			{Name: "DATA_SOURCE_URI", Value: fmt.Sprintf("%s:%d/postgres?connect_timeout=5&%s", server, port, security)},
			{Name: "DATA_SOURCE_USER", Value: replicated.MetricsLogin},
			replicated.MetricsPassword(s, "DATA_SOURCE_PASS"),
		},
	}
}
