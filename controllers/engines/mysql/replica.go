package mysql

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// replica runs the read copies: each is copied from the primary once, and follows its binary log.
func replica(s *part.Service, config string) *appsv1.StatefulSet {
	pod := serverPod(s, config, "join.sh", reach(s))
	// Away from each other, and from the primary. The primary itself is not asked to: its template must not change when the
	// first copy comes.
	pod.TopologySpreadConstraints = kit.Spread(kit.ServiceSelector(s.Engine, s.Name))
	return statefulSet(s, replicaRole, replicaName(s), s.Replicas, pod)
}

// reach says how a copy or the Job reaches the primary, and by which authority it knows it.
func reach(s *part.Service) []corev1.EnvVar {
	env := []corev1.EnvVar{{Name: "PRIMARY", Value: host(s)}}
	if s.Certificate != nil {
		env = append(env, corev1.EnvVar{Name: "AUTHORITY", Value: tlsPath + "/" + corev1.ServiceAccountRootCAKey})
	}
	return env
}
