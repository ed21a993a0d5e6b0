package rabbitmq

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	loginsDir    = "/logins"
	loginsVolume = "logins"

	// everything and nothing are patterns of names in permissions.
	everything = ".*"
	nothing    = "^$"
)

// users returns the script and the Job that make the consumers' virtual hosts and logins and take back those of the departed.
// It speaks to the nodes as one of them, with their cookie, so that it needs no password of an administrator.
func users(s *part.Service) (*corev1.ConfigMap, *batchv1.Job) {
	identity := kit.ServiceIdentity(s, "provisioning")
	config := kit.Config(identity, s.Namespace, kit.Child(s.Name, "users"), map[string]string{usersScript: usersText})
	env := usersEnv(s)
	volumes := usersVolumes(s, config.Name)
	// A Job begins by writing its plan into the broker, and ends once it reads another one there.
	plan := kit.Hash(inputs.OfJob(s), volumes, env)
	pod := jobPod(s, corev1.Container{
		Name: "users", Command: script(usersScript), Env: append(env, plainEnv("PLAN", plan)...),
		VolumeMounts: []corev1.VolumeMount{readOnly(configVolume, configDir), readOnly(loginsVolume, loginsDir)},
	})
	pod.Volumes = volumes
	return config, kit.Job(identity, s.Namespace, kit.Child(s.Name, "users"), pod, plan)
}

// jobPod is the pod of a Job that speaks to the nodes with their cookie: what its container needs besides its own.
func jobPod(s *part.Service, container corev1.Container) corev1.PodSpec {
	container.Image, container.Resources, container.SecurityContext = s.Image.Name, kit.SmallResources(), kit.Restricted()
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: homeVolume, MountPath: homeDir}, corev1.VolumeMount{Name: tmpVolume, MountPath: "/tmp"})
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), container)
	// What is left of an older Job must not do for long what this one undoes: a shell would not hear the first signal.
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(1))
	return pod
}

// withCookie puts a Job's script and the cookie of the nodes into one folder.
func withCookie(s *part.Service, config string) corev1.Volume {
	return projected(configVolume,
		corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: config},
		}},
		fromSecret(s.Admin, corev1.KeyToPath{Key: valueCookie, Path: valueCookie}))
}

func usersVolumes(s *part.Service, config string) []corev1.Volume {
	return []corev1.Volume{
		withCookie(s, config), projected(loginsVolume, credentials(s)...),
		kit.EmptyDir(homeVolume, "16Mi"), kit.EmptyDir(tmpVolume, "64Mi"),
	}
}

// credentials are the Secrets of the consumers, each in a folder of its own.
func credentials(s *part.Service) []corev1.VolumeProjection {
	var sources []corev1.VolumeProjection
	for i, consumer := range s.Consumers {
		sources = append(sources, fromSecret(&consumer.Credential,
			corev1.KeyToPath{Key: "username", Path: folder(i) + "/username"},
			corev1.KeyToPath{Key: "password", Path: folder(i) + "/password"}))
	}
	return sources
}

// brokerEnv is what a Job needs to know to speak to the nodes.
func brokerEnv(s *part.Service) []corev1.EnvVar {
	var nodes []string
	for ordinal := range s.Nodes {
		nodes = append(nodes, nodeName(s, ordinal))
	}
	return plainEnv(
		"HOME", homeDir,
		"LANG", "C.UTF-8",
		"RABBITMQ_USE_LONGNAME", "true",
		"NODES", strings.Join(nodes, " "),
		"QUEUE_TYPE", queueType(s),
	)
}

func usersEnv(s *part.Service) []corev1.EnvVar {
	var consumers []string
	for i, consumer := range s.Consumers {
		line := append([]string{folder(i), consumer.Database}, permissions(consumer.Access)...)
		consumers = append(consumers, strings.Join(line, " ")+"\n")
	}
	return append(brokerEnv(s), plainEnv(
		"CONSUMERS", strings.Join(consumers, ""),
		"DEPARTED", strings.Join(logins.Departed(s), " "),
	)...)
}

// permissions are the patterns of names that a login may configure, write and read. Consuming is reading.
func permissions(access v1alpha1.AccessMode) []string {
	if access == v1alpha1.AccessReadOnly {
		return []string{nothing, nothing, everything}
	}
	return []string{everything, everything, everything}
}

func queueType(s *part.Service) string {
	if declared := s.Parameters[parameterQueueType]; declared != "" {
		return declared
	}
	return quorumType
}
