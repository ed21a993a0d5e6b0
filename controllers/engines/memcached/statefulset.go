package memcached

import (
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	portName  = "memcached"
	tlsVolume = "tls"
	tlsDir    = "/tls"
)

// statefulSet gives each node a name that stays, because clients choose a node by its place in the list. The nodes know
// nothing of each other and start at once.
func statefulSet(s *part.Service, identity kit.Identity) *appsv1.StatefulSet {
	replicas := s.Shards
	if s.Suspended {
		replicas = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, s.Name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            &replicas,
			ServiceName:         s.Name,
			Selector:            &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Template:            podTemplate(s, identity),
		},
	}
	kit.SetInputs(set, templateInputs(s))
	return set
}

// templateInputs is what the pod template is built from. Stacks that come and go are not among it, nor is the number of nodes.
func templateInputs(s *part.Service) inputs.Server { return inputs.Of(s) }

func podTemplate(s *part.Service, identity kit.Identity) corev1.PodTemplateSpec {
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), container(s))
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(30))
	pod.TopologySpreadConstraints = kit.Spread(identity.Selector()) // also for one: a second must not restart the first
	if s.TLS == v1alpha1.TLSRequired {
		pod.Volumes = []corev1.Volume{kit.SecretVolume(tlsVolume, s.Certificate.Secret)}
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: identity.Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
		}, Spec: pod,
	}
}

func container(s *part.Service) corev1.Container {
	result := corev1.Container{
		Name: "memcached", Image: s.Image.Name,
		Command:         command(s),
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		StartupProbe:    probe(1, 60),
		ReadinessProbe:  probe(10, 3),
		LivenessProbe:   probe(20, 6),
	}
	if s.TLS == v1alpha1.TLSRequired {
		result.VolumeMounts = []corev1.VolumeMount{{Name: tlsVolume, MountPath: tlsDir, ReadOnly: true}}
	}
	return result
}

// command is the engine with the memory of the size, then the user's settings in the order of their names.
func command(s *part.Service) []string {
	arguments := []string{"memcached", "-p", strconv.Itoa(port), "-m", strconv.FormatInt(itemMemory(s), 10)}
	if s.TLS == v1alpha1.TLSRequired {
		arguments = append(arguments, "-Z", "-o", "ssl_chain_cert="+tlsDir+"/tls.crt,ssl_key="+tlsDir+"/tls.key")
	}
	chosen := map[string]string{connLimit: strconv.Itoa(leastConnections)}
	maps.Copy(chosen, s.Parameters)
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		arguments = append(arguments, flags[name], chosen[name])
	}
	return arguments
}

func probe(period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:   corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString(portName)}},
		TimeoutSeconds: 5, PeriodSeconds: period, FailureThreshold: failures,
	}
}
