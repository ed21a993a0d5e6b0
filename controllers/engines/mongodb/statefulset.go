package mongodb

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// runPath has what the server wants as files of its own: in memory.
	runPath         = "/run/mongodb"
	credentialsPath = "/stackwright/credentials"
	dataPath        = replicated.DataPath + "/db"

	// gracePeriodSeconds is what handing over, ending what runs and writing the last pages may take.
	gracePeriodSeconds = 120
)

// statefulSet runs the members. Pods are managed in parallel, since members that come back need each other to choose a primary; an update
// goes one pod at a time either way, and waits until the one before follows again.
func statefulSet(s *part.Service, identity kit.Identity, config string) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, s.Name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:             kit.Ptr(running(s)),
			ServiceName:          replicated.ReplicaName(s),
			Selector:             &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy:  appsv1.ParallelPodManagement,
			UpdateStrategy:       appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{kit.ClaimTemplate(identity, s.Storage)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
				Labels: identity.Lasting().Labels(), Annotations: kit.RestartAnnotations(s.RestartedAt),
			}, Spec: memberPod(s, identity, config)},
			PersistentVolumeClaimRetentionPolicy: kit.RetainClaims(),
		},
	}
	kit.SetInputs(set, inputs.Of(s))
	return set
}

// memberPod is the pod of a member: a script that prepares its data and its own files, then the server itself. It is the same for every
// number of members.
func memberPod(s *part.Service, identity kit.Identity, config string) corev1.PodSpec {
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), serverContainer(s))
	pod.InitContainers = []corev1.Container{{
		Name: "prepare", Image: s.Image.Name, Command: []string{"sh", replicated.ConfigPath + "/prepare.sh"},
		Env: append(serverEnv(),
			replicated.PodName(),
			corev1.EnvVar{Name: "SERIES", Value: replicated.Series(s.Image.Version)},
			corev1.EnvVar{Name: "SETUP_PORT", Value: strconv.Itoa(setupPort)},
			corev1.EnvVar{Name: "DATA", Value: replicated.DataPath},
			corev1.EnvVar{Name: "CONFIG", Value: replicated.ConfigPath},
			corev1.EnvVar{Name: "CREDENTIALS", Value: credentialsPath},
		),
		// A whole server runs where the first member's data is made.
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts:    append(serverMounts(s), corev1.VolumeMount{Name: "credentials", MountPath: credentialsPath, ReadOnly: true}),
	}}
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(gracePeriodSeconds))
	pod.TopologySpreadConstraints = kit.Spread(identity.Selector())
	pod.Volumes = serverVolumes(s, config)
	return pod
}

// serverContainer is the server itself: a signal has it hand over before it ends.
//
// Starting may take half a day, for a server that recovers or builds indexes anew. There is no liveness probe: a server that fails ends by
// itself, and one that waits for its set is not cured by a restart.
func serverContainer(s *part.Service) corev1.Container {
	return corev1.Container{
		Name: engine.Name, Image: s.Image.Name, Command: []string{"mongod", "--config", replicated.ConfigPath + "/mongod.conf"},
		Env:             serverEnv(),
		Ports:           []corev1.ContainerPort{{Name: engine.Name, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		Resources:       s.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts:    serverMounts(s),
		StartupProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString(engine.Name)}},
			PeriodSeconds: 3, FailureThreshold: 14400, TimeoutSeconds: 2,
		},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"bash", replicated.ConfigPath + "/ready.sh"}}},
			PeriodSeconds: 10, FailureThreshold: 3, TimeoutSeconds: 10,
		},
	}
}

// serverEnv are the variables of the server and its scripts. The first is what the server's allocator asks for from 8.0 on.
func serverEnv() []corev1.EnvVar {
	return []corev1.EnvVar{
		{Name: "GLIBC_TUNABLES", Value: "glibc.pthread.rseq=0"},
		{Name: "PORT", Value: strconv.Itoa(port)},
		{Name: "RUN", Value: runPath},
		{Name: "TLS", Value: replicated.TLSPath},
		{Name: "LANG", Value: "C.UTF-8"},
	}
}

func serverMounts(s *part.Service) []corev1.VolumeMount {
	mounts := []corev1.VolumeMount{
		{Name: kit.DataVolume, MountPath: replicated.DataPath},
		{Name: "config", MountPath: replicated.ConfigPath, ReadOnly: true},
		{Name: "run", MountPath: runPath},
		{Name: "tmp", MountPath: "/tmp"},
	}
	if s.Certificate != nil {
		mounts = append(mounts, corev1.VolumeMount{Name: "tls", MountPath: replicated.TLSPath, ReadOnly: true})
	}
	return mounts
}

func serverVolumes(s *part.Service, config string) []corev1.Volume {
	run := kit.EmptyDir("run", "1Mi")
	run.EmptyDir.Medium = corev1.StorageMediumMemory
	volumes := []corev1.Volume{
		kit.ConfigVolume("config", config, 0o444),
		kit.SecretVolume("credentials", s.Admin.Secret),
		run,
		kit.EmptyDir("tmp", "64Mi"),
	}
	if s.Certificate != nil {
		volumes = append(volumes, kit.SecretVolume("tls", s.Certificate.Secret))
	}
	return volumes
}
