package replicated

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// gracePeriodSeconds is what ending the sessions and writing the last pages may take.
const gracePeriodSeconds = 120

// primary is the one server that writes.
func (e *Engine) primary(s *part.Service, config string, p Parts) *appsv1.StatefulSet {
	return statefulSet(s, primaryRole, s.Name, 1, e.serverPod(s, config, p, p.Primary), p.Libraries)
}

// replica runs the read copies.
func (e *Engine) replica(s *part.Service, config string, p Parts) *appsv1.StatefulSet {
	pod := e.serverPod(s, config, p, p.Replica)
	// Away from each other, and from the primary. The primary itself is not asked to: its template must not change when the
	// first copy comes.
	pod.TopologySpreadConstraints = kit.Spread(kit.ServiceSelector(s.Engine, s.Name))
	return statefulSet(s, replicaRole, ReplicaName(s), s.Replicas, pod, p.Libraries)
}

// statefulSet runs servers of one role.
//
// Pods are managed in parallel: a pod that cannot start because of a wrong image or parameter is then replaced as soon as that
// is corrected, while OrderedReady would wait for it for ever. Updates go one pod at a time either way.
func statefulSet(s *part.Service, role, name string, replicas int32, pod corev1.PodSpec, libraries []string) *appsv1.StatefulSet {
	identity := kit.ServiceIdentity(s, role)
	if !runs(s) {
		replicas = 0
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:             &replicas,
			ServiceName:          name,
			Selector:             &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy:  appsv1.ParallelPodManagement,
			UpdateStrategy:       appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{kit.ClaimTemplate(identity, s.Storage)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
				Labels: identity.Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
			}, Spec: pod},
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	built := newTemplateInputs(s, role)
	built.Libraries = libraries
	kit.SetInputs(set, built)
	return set
}

// templateInputs is what the pod template of a role is built from. The size of the storage is not among it: the settings that follow
// it wait for the next restart, so that a volume grows under a server that runs.
type templateInputs struct {
	inputs.Server
	// ClusterDomain is in the name by which copies reach the primary.
	ClusterDomain string `json:"clusterDomain,omitempty"`
	// Pooler stands beside the primary.
	Pooler *poolerInputs `json:"pooler,omitempty"`
	// Libraries are loaded when the server starts.
	Libraries []string `json:"libraries,omitempty"`
}

type poolerInputs struct {
	Image             string              `json:"image,omitempty"`
	Mode              v1alpha1.PoolerMode `json:"mode"`
	ServerConnections int32               `json:"serverConnections"`
	MaxClients        int32               `json:"maxClients"`
}

func newTemplateInputs(s *part.Service, role string) templateInputs {
	result := templateInputs{Server: inputs.Of(s)}
	if role == replicaRole {
		result.ClusterDomain = s.ClusterDomain
	} else if p := s.Pooler; p != nil {
		result.Pooler = &poolerInputs{Image: p.Image.Given, Mode: p.Mode, ServerConnections: p.ServerConnections, MaxClients: p.MaxClients}
	}
	return result
}

// serverPod is the pod of a server: a script that prepares the data directory, then the server itself.
func (e *Engine) serverPod(s *part.Service, config string, p Parts, role Role) corev1.PodSpec {
	env := slices.Concat(p.Env, role.Env)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), e.serverContainer(s, env, cmp.Or(p.Serve, "serve.sh"), cmp.Or(role.Readiness, "probe.sh")))
	if role.Beside != nil {
		pod.Containers = append(pod.Containers, e.beside(s, *role.Beside))
	}
	pod.InitContainers = []corev1.Container{{
		Name: "prepare", Image: s.Image.Name, Command: []string{"sh", ConfigPath + "/" + role.Script},
		Env:             preparingEnv(env, role),
		Resources:       p.Prepare,
		SecurityContext: kit.Restricted(),
		VolumeMounts:    e.preparingMounts(s),
	}}
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(gracePeriodSeconds))
	pod.Volumes = e.serverVolumes(s, config)
	return pod
}

// preparingEnv are the variables of a script that prepares data.
func preparingEnv(server []corev1.EnvVar, role Role) []corev1.EnvVar {
	return slices.Concat(server, []corev1.EnvVar{{Name: "CREDENTIALS", Value: credentialsPath}}, role.ScriptEnv)
}

// beside is a container that works for the server's clients in the same pod.
func (e *Engine) beside(s *part.Service, container corev1.Container) corev1.Container {
	container.SecurityContext = kit.Restricted()
	container.VolumeMounts = []corev1.VolumeMount{
		{Name: "config", MountPath: ConfigPath, ReadOnly: true},
		{Name: "sockets", MountPath: e.SocketsPath},
	}
	if s.Certificate != nil {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "tls", MountPath: TLSPath, ReadOnly: true})
	}
	return container
}

func (e *Engine) serverContainer(s *part.Service, env []corev1.EnvVar, serve, readiness string) corev1.Container {
	container := corev1.Container{
		Name: e.Name, Image: s.Image.Name, Command: []string{"sh", ConfigPath + "/" + serve},
		Env:             slices.Concat(env, []corev1.EnvVar{kit.SecretEnv("PROBE_PASSWORD", s.Admin.Secret, KeyProbePassword)}),
		Ports:           []corev1.ContainerPort{{Name: e.Name, ContainerPort: e.Port, Protocol: corev1.ProtocolTCP}},
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts:    e.serverMounts(s),
		// The server recovers, or brings data of an older release up to date, for as long as it takes, so starting has half a day.
		// Once it has answered, readiness asks for a real answer, while liveness only catches a server that does not even refuse.
		StartupProbe:   probe("probe.sh", 2, 21600),
		ReadinessProbe: probe(readiness, 10, 3),
		LivenessProbe:  probe("alive.sh", 15, 8),
	}
	if e.PreStop != nil {
		container.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: e.PreStop}}}
	}
	return container
}

func probe(script string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", ConfigPath + "/" + script}}},
		PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: 10,
	}
}

// PodName is a variable with the name of the pod.
func PodName() corev1.EnvVar {
	return corev1.EnvVar{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"},
	}}
}

func (e *Engine) serverMounts(s *part.Service) []corev1.VolumeMount {
	mounts := slices.Concat([]corev1.VolumeMount{
		{Name: kit.DataVolume, MountPath: DataPath},
		{Name: "config", MountPath: ConfigPath, ReadOnly: true},
		{Name: "sockets", MountPath: e.SocketsPath},
		{Name: "tmp", MountPath: "/tmp"},
	}, e.Memory)
	if s.Certificate != nil {
		mounts = append(mounts, corev1.VolumeMount{Name: "tls", MountPath: TLSPath, ReadOnly: true})
	}
	return mounts
}

// preparingMounts show the passwords too.
func (e *Engine) preparingMounts(s *part.Service) []corev1.VolumeMount {
	return append(e.serverMounts(s), corev1.VolumeMount{Name: "credentials", MountPath: credentialsPath, ReadOnly: true})
}

func (e *Engine) serverVolumes(s *part.Service, config string) []corev1.Volume {
	volumes := []corev1.Volume{
		kit.ConfigVolume("config", config, 0o444),
		kit.SecretVolume("credentials", s.Admin.Secret),
		memoryVolume("sockets"),
		kit.EmptyDir("tmp", "64Mi"),
	}
	for _, mount := range e.Memory {
		volumes = append(volumes, memoryVolume(mount.Name))
	}
	if s.Certificate != nil {
		volumes = append(volumes, kit.SecretVolume("tls", s.Certificate.Secret))
	}
	return volumes
}

// memoryVolume is a folder that never reaches a disk. What is in it counts as memory of the container.
func memoryVolume(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory},
	}}
}
