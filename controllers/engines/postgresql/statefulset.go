package postgresql

import (
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// gracePeriodSeconds is what a fast stop with its last checkpoint may take.
const gracePeriodSeconds = 120

// primary is the one server that writes.
func primary(s *part.Service, config string) *appsv1.StatefulSet {
	pod := serverPod(s, config, "initdb.sh", nil)
	prepare := &pod.InitContainers[0]
	prepare.Env = append(prepare.Env, corev1.EnvVar{Name: "ADMIN_SECRET", Value: s.Admin.Secret})
	return statefulSet(s, primaryRole, s.Name, 1, pod)
}

// statefulSet runs servers of one role.
//
// Pods are managed in parallel: a pod that cannot start because of a wrong image or parameter is then replaced as soon as that
// is corrected, while OrderedReady would wait for it for ever. Updates go one pod at a time either way.
func statefulSet(s *part.Service, role, name string, replicas int32, pod corev1.PodSpec) *appsv1.StatefulSet {
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
	kit.SetInputs(set, newTemplateInputs(s, role))
	return set
}

// templateInputs is what the pod template of a role is built from. The size of the storage is not among it: the settings that follow
// it wait for the next restart, so that a volume grows under a server that runs.
type templateInputs struct {
	inputs.Server
	// ClusterDomain is in the name by which copies reach the primary.
	ClusterDomain string `json:"clusterDomain,omitempty"`
}

func newTemplateInputs(s *part.Service, role string) templateInputs {
	result := templateInputs{Server: inputs.Of(s)}
	if role == replicaRole {
		result.ClusterDomain = s.ClusterDomain
	}
	return result
}

// serverPod is the pod of a server: a script that prepares the data directory, then the server itself.
func serverPod(s *part.Service, config, prepare string, env []corev1.EnvVar) corev1.PodSpec {
	env = slices.Concat(serverEnv(s), env)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), serverContainer(s, env))
	pod.InitContainers = []corev1.Container{{
		Name: "prepare", Image: s.Image.Name, Command: []string{"sh", configPath + "/" + prepare},
		Env:             slices.Concat(env, []corev1.EnvVar{{Name: "CREDENTIALS", Value: credentialsPath}}),
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		VolumeMounts:    append(serverMounts(s), corev1.VolumeMount{Name: "credentials", MountPath: credentialsPath, ReadOnly: true}),
	}}
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(gracePeriodSeconds))
	pod.Volumes = serverVolumes(s, config)
	return pod
}

func serverContainer(s *part.Service, env []corev1.EnvVar) corev1.Container {
	return corev1.Container{
		Name: "postgresql", Image: s.Image.Name, Command: []string{"sh", configPath + "/serve.sh"},
		Env:             slices.Concat(env, []corev1.EnvVar{kit.SecretEnv("PROBE_PASSWORD", s.Admin.Secret, keyProbePassword)}),
		Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts:    serverMounts(s),
		// The server recovers for as long as it takes, so starting has half a day. Once it has answered, readiness asks for a real
		// answer, while liveness only catches a server that does not even refuse.
		StartupProbe:   probe("probe.sh", 2, 21600),
		ReadinessProbe: probe("probe.sh", 10, 3),
		LivenessProbe:  probe("alive.sh", 15, 8),
		// The signal that Kubernetes sends means waiting for every session to end. This one ends them.
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{
			Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "kill -INT 1"}},
		}},
	}
}

func probe(script string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", configPath + "/" + script}}},
		PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: 10,
	}
}

// serverEnv has no variable that the server's own client library would read.
func serverEnv(s *part.Service) []corev1.EnvVar {
	return []corev1.EnvVar{
		podName(),
		{Name: "MAJOR", Value: strconv.Itoa(major(s.Image.Version))},
		{Name: "PORT", Value: strconv.Itoa(port)},
		{Name: "CONFIG", Value: configPath},
		{Name: "SOCKETS", Value: socketsPath},
		{Name: "DATA", Value: dataPath},
		{Name: "PGDATA", Value: dataPath + "/pgdata"},
		{Name: "LANG", Value: "C.UTF-8"},
	}
}

func podName() corev1.EnvVar {
	return corev1.EnvVar{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"},
	}}
}

func serverMounts(s *part.Service) []corev1.VolumeMount {
	mounts := []corev1.VolumeMount{
		{Name: kit.DataVolume, MountPath: dataPath},
		{Name: "config", MountPath: configPath, ReadOnly: true},
		{Name: "sockets", MountPath: socketsPath},
		{Name: "tmp", MountPath: "/tmp"},
		{Name: "shm", MountPath: "/dev/shm"},
	}
	if s.Certificate != nil {
		mounts = append(mounts, corev1.VolumeMount{Name: "tls", MountPath: tlsPath, ReadOnly: true})
	}
	return mounts
}

func serverVolumes(s *part.Service, config string) []corev1.Volume {
	volumes := []corev1.Volume{
		kit.ConfigVolume("config", config, 0o444),
		kit.SecretVolume("credentials", s.Admin.Secret),
		memoryVolume("sockets"),
		kit.EmptyDir("tmp", "64Mi"),
		memoryVolume("shm"),
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
