package resp

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// memberConfig is the configuration of a server that is one of several, and the scripts that decide what it is.
func memberConfig(s *part.Service) *corev1.ConfigMap {
	data := kit.Scripts(scripts, []string{"cluster.sh", "member.sh", "ready.sh", "leave.sh", "provision.sh"})
	data[configFile] = configuration(s) + render(replication(s))
	return kit.Config(kit.ServiceIdentity(s, primaryRole), s.Namespace, kit.Child(s.Name, "member"), data)
}

// replication bounds what a copy that is slow may cost the primary in memory, and has members speak TLS wherever they can.
func replication(s *part.Service) []directive {
	hard := memoryLimit(s) / 8
	lines := []directive{
		{"client-output-buffer-limit", []string{"replica", strconv.FormatInt(hard, 10), strconv.FormatInt(hard/2, 10), "60"}},
		{"min-replicas-max-lag", []string{"10"}},
	}
	if tlsPort(s) != 0 {
		lines = append(lines,
			directive{"tls-ca-cert-file", []string{tlsDir + "/ca.crt"}}, directive{"tls-replication", []string{"yes"}})
	}
	return lines
}

// replicas runs the copies.
func replicas(engine Engine, s *part.Service, config string) *appsv1.StatefulSet {
	identity := kit.ServiceIdentity(s, replicaRole)
	count := present(s)
	if s.Suspended {
		count = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, replicaName(s)),
		Spec: appsv1.StatefulSetSpec{
			Replicas:                             &count,
			ServiceName:                          copyName(s),
			Selector:                             &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy:                  appsv1.ParallelPodManagement,
			Template:                             memberTemplate(engine, s, identity, config, ownHost(s, copyName(s))),
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	if s.Durable {
		set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{kit.ClaimTemplate(identity, s.Storage)}
	}
	kit.SetInputs(set, memberInputs(s))
	return set
}

// memberInputs is what the pod of a member is built from.
func memberInputs(s *part.Service) templateInputs {
	result := newTemplateInputs(s)
	result.Replicated, result.ClusterDomain = true, s.ClusterDomain
	return result
}

// memberTemplate is the pod of a server that is one of several.
func memberTemplate(engine Engine, s *part.Service, identity kit.Identity, config, self string) corev1.PodTemplateSpec {
	template := podTemplate(engine, s, identity, config)
	container := &template.Spec.Containers[0]
	container.Command = run("member.sh")
	container.Env = scriptEnv(engine, s, self)
	patience, grace := 45, 150
	if s.Durable { // what is on a volume does not go with the pod
		patience, grace = 5, 120
	}
	container.Env = append(container.Env, corev1.EnvVar{Name: "PATIENCE", Value: strconv.Itoa(patience)})
	container.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: run("leave.sh")}}}
	ready := probe(run("ready.sh"))
	ready.PeriodSeconds, ready.TimeoutSeconds, ready.FailureThreshold = 5, 20, 6
	startup := ready
	startup.FailureThreshold = 720
	container.ReadinessProbe, container.StartupProbe = &ready, &startup
	template.Spec.TerminationGracePeriodSeconds = kit.Ptr(int64(grace))
	template.Spec.TopologySpreadConstraints = apart(s)
	template.Spec.DNSConfig = wholeNames()
	return template
}

// apart keeps the members on different nodes and zones where it can.
func apart(s *part.Service) []corev1.TopologySpreadConstraint {
	result := kit.Spread(nil)
	for i := range result {
		result[i].LabelSelector = memberSelector(s)
	}
	return result
}

func memberSelector(s *part.Service) *metav1.LabelSelector {
	return &metav1.LabelSelector{
		MatchLabels: kit.ServiceSelector(s.Engine, s.Name),
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: kit.LabelComponent, Operator: metav1.LabelSelectorOpIn, Values: []string{primaryRole, replicaRole},
		}},
	}
}

// memberBudget lets one member go at a time while nodes are drained, whichever of them is the primary.
func memberBudget(s *part.Service) *policyv1.PodDisruptionBudget {
	budget := kit.DisruptionBudget(kit.ServiceIdentity(s, replicaRole), s.Namespace, s.Name)
	budget.Spec.Selector = memberSelector(s)
	return budget
}

// sentinels runs the three that decide who the primary is, and beside each the proxy that leads to it. With persistence Durable what
// they know is kept: it says which member has the newest content.
func sentinels(engine Engine, s *part.Service, config string) *appsv1.StatefulSet {
	identity := kit.ServiceIdentity(s, sentinelRole)
	count := int32(sentinelCount)
	if s.Suspended {
		count = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, watchName(s)),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            &count,
			ServiceName:         watchName(s),
			Selector:            &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
				Labels: identity.Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
			}, Spec: watchPod(engine, s, identity, config)},
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	if s.Durable {
		set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{
			kit.ClaimTemplate(identity, part.Storage{Size: watchStorage, ClassName: s.Storage.ClassName}),
		}
	}
	kit.SetInputs(set, watchInputs(s))
	return set
}

// port names of the proxy are those of the server: Services lead to either by the same name.
func frontPorts(engine Engine, s *part.Service) (ports []corev1.ContainerPort, numbers string) {
	for i, port := range servicePorts(engine, s) {
		ports = append(ports, corev1.ContainerPort{Name: port.Name, ContainerPort: port.Port, Protocol: corev1.ProtocolTCP})
		if i > 0 {
			numbers += " "
		}
		numbers += strconv.Itoa(int(port.Port))
	}
	return ports, numbers
}

func tcpAlive(port int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:   corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(port)}},
		TimeoutSeconds: 5, PeriodSeconds: 20, FailureThreshold: 6,
	}
}
