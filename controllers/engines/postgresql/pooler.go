package postgresql

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// poolerPort is where PgBouncer answers.
	poolerPort = 6432
	// poolerUser looks up the passwords of logins; scripts/pooler.sql makes it.
	poolerUser = "stackwright_pooler"
)

// addPooler puts PgBouncer beside the primary, in its pod: it shares the primary's name, certificate and fate, reaches it by its
// socket, and learns of new logins by asking it.
func addPooler(s *part.Service, parts *replicated.Parts) {
	parts.Files["pg_hba.conf"] = accessRules(s.TLS,
		[]string{"local", "postgres", poolerUser, "scram-sha-256"}, []string{"host", "all", poolerUser, "all", "reject"}) + localRule
	parts.Files["pgbouncer.ini"] = poolerConfig(s)
	for name, content := range engine.Scripts.Read([]string{"pooler.sh", "probe_pooled.sh"}) {
		parts.Files[name] = content
	}
	parts.Primary.Readiness = "probe_pooled.sh"
	parts.Primary.Env = append(parts.Primary.Env, corev1.EnvVar{Name: "POOLER_PORT", Value: strconv.Itoa(poolerPort)})
	parts.Primary.Beside = poolerContainer(s)
	parts.Job.Lines = append(parts.Job.Lines, "pooler")
	parts.Job.Env = append(parts.Job.Env, poolerPassword(s))
}

// localRule lets logins in by the socket, which only the server and the pooler see.
const localRule = `local all all scram-sha-256
`

// poolerPassword is that of the probe: both roles belong to the same pod, and neither reads what is stored.
func poolerPassword(s *part.Service) corev1.EnvVar {
	return kit.SecretEnv("POOLER_PASSWORD", s.Admin.Secret, replicated.KeyProbePassword)
}

func poolerContainer(s *part.Service) *corev1.Container {
	answers := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString(replicated.PoolerPortName)}}
	return &corev1.Container{
		Name: "pgbouncer", Image: s.Pooler.Image.Name, Command: []string{"sh", replicated.ConfigPath + "/pooler.sh"},
		Env: []corev1.EnvVar{
			{Name: "CONFIG", Value: replicated.ConfigPath},
			{Name: "SOCKETS", Value: socketsPath},
			poolerPassword(s),
		},
		Ports:     []corev1.ContainerPort{{Name: replicated.PoolerPortName, ContainerPort: poolerPort, Protocol: corev1.ProtocolTCP}},
		Resources: kit.SmallResources(),
		// The signal that Kubernetes sends means waiting for every client to leave, while the server beside it ends their sessions.
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{
			Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "kill -QUIT 1"}},
		}},
		// Whether it serves is asked by the readiness of the server, with a query.
		ReadinessProbe: &corev1.Probe{ProbeHandler: answers, PeriodSeconds: 10, FailureThreshold: 3, TimeoutSeconds: 10},
		LivenessProbe:  &corev1.Probe{ProbeHandler: answers, PeriodSeconds: 15, FailureThreshold: 8, TimeoutSeconds: 10},
	}
}

// poolerConfig is for PgBouncer 1.21 and later, which keep prepared statements of clients across transactions.
func poolerConfig(s *part.Service) string {
	mode := map[v1alpha1.PoolerMode]string{v1alpha1.PoolerTransaction: "transaction", v1alpha1.PoolerSession: "session"}[s.Pooler.Mode]
	return fmt.Sprintf(`; Set by the operator.
[databases]
* = host=%[1]s port=%[2]d

[pgbouncer]
listen_addr = *
listen_port = %[3]d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %[1]s/pooler-login
auth_user = %[4]s
auth_dbname = postgres
auth_query = SELECT name, password FROM stackwright_pooler.login($1)
pool_mode = %[5]s
default_pool_size = %[6]d
max_client_conn = %[7]d
max_prepared_statements = 200
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
server_tls_sslmode = disable
%[8]s`, socketsPath, port, poolerPort, poolerUser, mode, s.Pooler.ServerConnections, s.Pooler.MaxClients, poolerTLS(s))
}

func poolerTLS(s *part.Service) string {
	mode := map[v1alpha1.TLSMode]string{v1alpha1.TLSRequired: "require", v1alpha1.TLSPreferred: "allow"}[s.TLS]
	if mode == "" || s.Certificate == nil {
		return "client_tls_sslmode = disable\n"
	}
	// No client is asked for a certificate; without an authority PgBouncer looks for those of its image, which may have none.
	return fmt.Sprintf(`client_tls_sslmode = %[1]s
client_tls_ca_file = %[2]s/%[5]s
client_tls_cert_file = %[2]s/%[3]s
client_tls_key_file = %[2]s/%[4]s
`, mode, replicated.TLSPath, corev1.TLSCertKey, corev1.TLSPrivateKeyKey, corev1.ServiceAccountRootCAKey)
}
