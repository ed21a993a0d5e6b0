package rabbitmq

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	configDir = "/etc/stackwright"
	tlsDir    = "/etc/stackwright-tls"
	dataDir   = "/var/lib/rabbitmq"
	homeDir   = "/run/rabbitmq"

	configVolume = "config"
	tlsVolume    = "tls"
	homeVolume   = "home"
	tmpVolume    = "tmp"

	// stopSeconds exceeds the waits of the stop script by the time that a node needs to close its files.
	stopSeconds = 240
)

func statefulSet(s *part.Service, config string) *appsv1.StatefulSet {
	identity := shared(s)
	replicas := s.Nodes
	if s.Suspended {
		replicas = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, s.Name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:    &replicas,
			ServiceName: peersName(s),
			Selector:    &metav1.LabelSelector{MatchLabels: identity.Selector()},
			// Parallel: after a full stop a node waits for those that stopped after it.
			PodManagementPolicy:                  appsv1.ParallelPodManagement,
			Template:                             podTemplate(s, config),
			VolumeClaimTemplates:                 []corev1.PersistentVolumeClaim{kit.ClaimTemplate(identity, s.Storage)},
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	kit.SetInputs(set, newTemplateInputs(s))
	return set
}

// templateInputs is what the pod template is built from. Stacks that come and go are not among it, nor is the number of
// nodes, nor the size of the storage: the limit that follows it waits for the next restart.
type templateInputs struct {
	inputs.Server
	ClusterDomain string `json:"clusterDomain,omitempty"`
}

func newTemplateInputs(s *part.Service) templateInputs {
	return templateInputs{Server: inputs.Of(s), ClusterDomain: s.ClusterDomain}
}

func podTemplate(s *part.Service, config string) corev1.PodTemplateSpec {
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), serverContainer(s))
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(stopSeconds))
	pod.TopologySpreadConstraints = kit.Spread(shared(s).Selector())
	pod.Volumes = append(tlsVolumes(s), serverConfig(s, config), kit.EmptyDir(homeVolume, "16Mi"), kit.EmptyDir(tmpVolume, "64Mi"))
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
		Labels: shared(s).Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
	}, Spec: pod}
}

// serverConfig puts the settings, the administrator and the cookie into one folder.
func serverConfig(s *part.Service, config string) corev1.Volume {
	settings := &corev1.ConfigMapProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: config},
		Items: []corev1.KeyToPath{
			{Key: settingsFile, Path: "conf.d/" + settingsFile},
			{Key: pluginsFile, Path: pluginsFile},
			{Key: discoveryFile, Path: discoveryFile},
			{Key: startScript, Path: startScript},
			{Key: readyScript, Path: readyScript},
			{Key: stopScript, Path: stopScript},
		},
	}
	return projected(configVolume,
		corev1.VolumeProjection{ConfigMap: settings},
		fromSecret(s.Admin, corev1.KeyToPath{Key: keyDefaultUser, Path: "conf.d/20-default-user.conf"},
			corev1.KeyToPath{Key: valueCookie, Path: valueCookie}),
	)
}

func fromSecret(credential *part.Credential, items ...corev1.KeyToPath) corev1.VolumeProjection {
	return corev1.VolumeProjection{Secret: &corev1.SecretProjection{
		LocalObjectReference: corev1.LocalObjectReference{Name: credential.Secret}, Items: items,
	}}
}

// projected shows several sources as files that the pod's group reads.
func projected(name string, sources ...corev1.VolumeProjection) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: sources, DefaultMode: kit.Ptr(int32(0o440))},
	}}
}

func tlsVolumes(s *part.Service) []corev1.Volume {
	if s.Certificate == nil {
		return nil
	}
	return []corev1.Volume{kit.SecretVolume(tlsVolume, s.Certificate.Secret)}
}

func serverContainer(s *part.Service) corev1.Container {
	container := corev1.Container{
		Name: "rabbitmq", Image: s.Image.Name,
		Command:         script(startScript),
		Env:             serverEnv(s),
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts: append(tlsMounts(s), readOnly(configVolume, configDir),
			corev1.VolumeMount{Name: kit.DataVolume, MountPath: dataDir},
			corev1.VolumeMount{Name: homeVolume, MountPath: homeDir},
			corev1.VolumeMount{Name: tmpVolume, MountPath: "/tmp"}),
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: script(stopScript)}}},
	}
	for _, port := range servicePorts(s) {
		container.Ports = append(container.Ports, containerPort(port.Name, port.Port))
	}
	container.Ports = append(container.Ports, containerPort("epmd", peerPort), containerPort("cluster", clusterPort))
	addProbes(&container, s)
	return container
}

// addProbes lets the start take an hour (a node waits for its peers and reads its queues), and then asks the node itself
// whether its broker runs. That starts a second Erlang machine of about a second of CPU, so it is done rarely. There is no
// liveness probe: a node that waits for its peers or for a disk to be emptied is not cured by a restart, and one that fails
// ends by itself.
func addProbes(container *corev1.Container, s *part.Service) {
	container.StartupProbe = &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{
			Port: intstr.FromString(portName(clientPorts(s)[0])),
		}},
		PeriodSeconds: 3, FailureThreshold: 1200, TimeoutSeconds: 2,
	}
	container.ReadinessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: script(readyScript)}},
		PeriodSeconds: 30, FailureThreshold: 2, TimeoutSeconds: 20,
	}
}

func serverEnv(s *part.Service) []corev1.EnvVar {
	own := corev1.EnvVar{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"},
	}}
	return append([]corev1.EnvVar{own}, plainEnv(
		"SET_NAME", s.Name,
		"NODES_HOST", peersHost(s),
		"HOME", homeDir,
		"LANG", "C.UTF-8",
		"RABBITMQ_USE_LONGNAME", "true",
		"RABBITMQ_NODENAME", "rabbit@$(POD_NAME)."+peersHost(s),
		"RABBITMQ_MNESIA_BASE", dataDir+"/mnesia",
		"RABBITMQ_CONFIG_FILE", homeDir+"/peers.conf",
		"RABBITMQ_CONFIG_FILES", configDir+"/conf.d",
		"RABBITMQ_ENABLED_PLUGINS_FILE", configDir+"/"+pluginsFile,
		"RABBITMQ_LOGS", "-",
		"ERL_CRASH_DUMP", "/dev/null",
	)...)
}

// plainEnv makes variables from names and values in turn.
func plainEnv(pairs ...string) []corev1.EnvVar {
	env := make([]corev1.EnvVar, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		env = append(env, corev1.EnvVar{Name: pairs[i], Value: pairs[i+1]})
	}
	return env
}

func tlsMounts(s *part.Service) []corev1.VolumeMount {
	if s.Certificate == nil {
		return nil
	}
	return []corev1.VolumeMount{readOnly(tlsVolume, tlsDir)}
}

func readOnly(volume, path string) corev1.VolumeMount {
	return corev1.VolumeMount{Name: volume, MountPath: path, ReadOnly: true}
}

func script(name string) []string { return []string{"sh", configDir + "/" + name} }

func containerPort(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: corev1.ProtocolTCP}
}

func folder(index int) string { return "consumer-" + strconv.Itoa(index) }
