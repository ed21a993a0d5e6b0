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
	scheme := "redis"
	env := []corev1.EnvVar{{Name: "REDIS_USER", Value: metricsLogin}, kit.SecretEnv("REDIS_PASSWORD", s.Admin.Secret, adminPassword)}
	if tlsPort(s) != 0 {
		scheme = "rediss"
		env = append(env, corev1.EnvVar{Name: "REDIS_EXPORTER_TLS_CA_CERT_FILE", Value: exporter.Authority})
	}
	watch := func(server string) exporter.Exporter {
		return exporter.Exporter{
			Port: exporterPort,
			Args: []string{
				fmt.Sprintf("--web.listen-address=:%d", exporterPort),
				fmt.Sprintf("--redis.addr=%s://%s:%d", scheme, server, innerPort(s)),
				"--config-command=-",
			},
			Env: env,
		}
	}
	servers, copies := int32(1), present(s)
	if s.Suspended {
		servers, copies = 0, 0
	}
	first := exporter.Server(s.Name, host(s))
	if present(s) > 0 { // the Service of the cache leads to the proxies
		first = serviceHost(s, firstName(s))
	}
	watch(first).Add(s, exporter.Primary(s, servers), output)
	if present(s) > 0 {
		watch(copyHost(s, exporter.Index)).Add(s, exporter.Replica(s, copies), output)
	}
	exporter.Tell(s, exporterPort, output)
}
