package resp

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	exporterPort = 9121
	// metricsLogin is the login of the exporter. Its password is the administrator's, its rights are not.
	metricsLogin = "stackwright_metrics"
	// mayWatch is what the exporter asks: no key, and no setting.
	mayWatch = "-@all +ping +info +client|setname +slowlog|len +slowlog|get +latency|latest +latency|histogram"
)

// addMetrics adds redis_exporter, which speaks to both engines. It comes encrypted wherever the server can.
func addMetrics(s *part.Service, output *part.Output) {
	if s.Metrics == nil {
		return
	}
	scheme, at := "redis", mainPort
	env := []corev1.EnvVar{{Name: "REDIS_USER", Value: metricsLogin}, kit.SecretEnv("REDIS_PASSWORD", s.Admin.Secret, adminPassword)}
	if port := tlsPort(s); port != 0 {
		scheme, at = "rediss", port
		env = append(env, corev1.EnvVar{Name: "REDIS_EXPORTER_TLS_CA_CERT_FILE", Value: exporter.Authority})
	}
	servers := int32(1)
	if s.Suspended {
		servers = 0
	}
	exporter.Exporter{
		Port: exporterPort,
		Args: []string{
			fmt.Sprintf("--web.listen-address=:%d", exporterPort),
			fmt.Sprintf("--redis.addr=%s://%s:%d", scheme, exporter.Server(s.Name, host(s)), at),
			"--config-command=-",
		},
		Env: env,
	}.Add(s, exporter.Primary(s, servers), output)
	exporter.Tell(s, exporterPort, output)
}
