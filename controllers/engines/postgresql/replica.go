package postgresql

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// replica runs the read copies: each follows the primary through a slot of its own.
func replica(s *part.Service, config string) *appsv1.StatefulSet {
	pod := serverPod(s, config, "join.sh", []corev1.EnvVar{{Name: "PRIMARY", Value: primaryConnection(s)}})
	// Away from each other, and from the primary. The primary itself is not asked to: its template must not change when the
	// first copy comes.
	pod.TopologySpreadConstraints = kit.Spread(kit.ServiceSelector(s.Engine, s.Name))
	return statefulSet(s, replicaRole, replicaName(s), s.Replicas, pod)
}

// primaryConnection is how a copy reaches the primary. The file with the password is written by scripts/join.sh.
func primaryConnection(s *part.Service) string {
	security := "sslmode=disable"
	if s.Certificate != nil {
		security = "sslmode=verify-full sslrootcert=" + tlsPath + "/" + corev1.ServiceAccountRootCAKey
	}
	return fmt.Sprintf("host=%s port=%d user=%s passfile=%s/pgpass %s", host(s), port, replicationUser, socketsPath, security)
}
