package resp

import (
	"slices"
	"strings"

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
	configVolume = "config"
	usersVolume  = "users"
	tlsVolume    = "tls"
	tmpVolume    = "tmp"
)

// statefulSet runs the one server. It is a StatefulSet also where nothing is kept: two servers under one name would each have
// half of the content.
func statefulSet(engine Engine, s *part.Service, config string) *appsv1.StatefulSet {
	identity := kit.ServiceIdentity(s, "primary")
	replicas := int32(1)
	if s.Suspended {
		replicas = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, s.Name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:    &replicas,
			ServiceName: s.Name,
			Selector:    &metav1.LabelSelector{MatchLabels: identity.Selector()},
			// Parallel: a pod that never gets ready, after a bad image for example, is replaced when the template is mended.
			PodManagementPolicy:                  appsv1.ParallelPodManagement,
			Template:                             firstTemplate(engine, s, identity, config),
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	if s.Durable {
		set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{kit.ClaimTemplate(identity, s.Storage)}
	}
	kit.SetInputs(set, firstInputs(s))
	return set
}

// firstTemplate is the pod of the first server: alone, or as one of several once there were copies. It stays so when they go: going
// back would cost a restart.
func firstTemplate(engine Engine, s *part.Service, identity kit.Identity, config string) corev1.PodTemplateSpec {
	if s.Replicated {
		return memberTemplate(engine, s, identity, config, serviceHost(s, firstName(s)))
	}
	return podTemplate(engine, s, identity, config)
}

func firstInputs(s *part.Service) templateInputs {
	if s.Replicated {
		return memberInputs(s)
	}
	return newTemplateInputs(s)
}

// templateInputs is what the pod template is built from. Stacks that come and go are not among it.
type templateInputs struct {
	inputs.Server
	Durable  bool                    `json:"durable,omitempty"`
	Eviction v1alpha1.EvictionPolicy `json:"eviction,omitempty"`
	// Replicated and ClusterDomain are those of a member, which names the others.
	Replicated    bool   `json:"replicated,omitempty"`
	ClusterDomain string `json:"clusterDomain,omitempty"`
}

func newTemplateInputs(s *part.Service) templateInputs {
	return templateInputs{Server: inputs.Of(s), Durable: s.Durable, Eviction: s.Eviction}
}

func podTemplate(engine Engine, s *part.Service, identity kit.Identity, config string) corev1.PodTemplateSpec {
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), serverContainer(engine, s))
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(30))
	pod.Volumes = slices.Concat(tlsVolumes(s), []corev1.Volume{
		kit.ConfigVolume(configVolume, config, 0o444),
		kit.ConfigVolume(usersVolume, usersName(s), 0o444),
		kit.EmptyDir(tmpVolume, "64Mi"),
	})
	if s.Durable {
		pod.TerminationGracePeriodSeconds = kit.Ptr(int64(60))
	} else {
		pod.Volumes = append(pod.Volumes, kit.EmptyDir(kit.DataVolume, ""))
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: identity.Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
		}, Spec: pod,
	}
}

func serverContainer(engine Engine, s *part.Service) corev1.Container {
	container := corev1.Container{
		Name: strings.ToLower(engine.Name), Image: s.Image.Name,
		Command:         []string{engine.Server, configDir + "/" + configFile},
		Env:             []corev1.EnvVar{passwordEnv(s)},
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts: append(tlsMounts(s), mount(configVolume, configDir), mount(usersVolume, usersDir),
			corev1.VolumeMount{Name: tmpVolume, MountPath: "/tmp"},
			corev1.VolumeMount{Name: kit.DataVolume, MountPath: dataDir}),
	}
	for _, port := range servicePorts(engine, s) {
		container.Ports = append(container.Ports,
			corev1.ContainerPort{Name: port.Name, ContainerPort: port.Port, Protocol: corev1.ProtocolTCP})
	}
	addProbes(&container, engine, s)
	return container
}

// addProbes asks the server with a real PING. Starting takes as long as the file is read; an hour is allowed.
func addProbes(container *corev1.Container, engine Engine, s *part.Service) {
	// With -e an answer such as LOADING or MISCONF is a failure.
	ping := probe(local(engine, s, "-e", "PING"))
	startup := ping
	startup.PeriodSeconds, startup.FailureThreshold = 2, 60
	if s.Durable {
		startup.PeriodSeconds, startup.FailureThreshold = 5, 720
	}
	container.StartupProbe, container.ReadinessProbe = &startup, &ping
	container.LivenessProbe = liveness(engine, s)
}

// liveness takes any sign of life: a server that is busy must not be killed. Where there is no port in clear text it is a
// PING whose answer does not matter, because a TLS port logs every connection that ends without a handshake.
func liveness(engine Engine, s *part.Service) *corev1.Probe {
	alive := probe(local(engine, s, "PING"))
	if plainPort(s) != 0 {
		alive.ProbeHandler = corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(mainPort)}}
	}
	alive.PeriodSeconds, alive.FailureThreshold = 20, 6
	return &alive
}

func probe(command []string) corev1.Probe {
	return corev1.Probe{
		ProbeHandler:   corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}},
		TimeoutSeconds: 5, PeriodSeconds: 10, FailureThreshold: 3,
	}
}

// mainService leads to the server, ready or not, which says best why it does not answer; with copies, to the proxies that lead to the
// primary.
func mainService(engine Engine, s *part.Service) *corev1.Service {
	service := kit.Headless(kit.ServiceIdentity(s, primaryRole), s.Namespace, s.Name, servicePorts(engine, s)...)
	if s.Replicated && present(s) > 0 {
		service.Spec.Selector = kit.ServiceIdentity(s, sentinelRole).Selector()
		service.Spec.PublishNotReadyAddresses = false
	}
	return service
}

func servicePorts(engine Engine, s *part.Service) []corev1.ServicePort {
	name := strings.ToLower(engine.Name)
	result := []corev1.ServicePort{kit.TCPPort(name, mainPort)}
	if s.TLS == v1alpha1.TLSPreferred {
		result = append(result, kit.TCPPort(name+"-tls", encryptedPort))
	}
	return result
}

func tlsVolumes(s *part.Service) []corev1.Volume {
	if tlsPort(s) == 0 {
		return nil
	}
	return []corev1.Volume{kit.SecretVolume(tlsVolume, s.Certificate.Secret)}
}

func tlsMounts(s *part.Service) []corev1.VolumeMount {
	if tlsPort(s) == 0 {
		return nil
	}
	return []corev1.VolumeMount{mount(tlsVolume, tlsDir)}
}

func mount(volume, path string) corev1.VolumeMount {
	return corev1.VolumeMount{Name: volume, MountPath: path, ReadOnly: true}
}
