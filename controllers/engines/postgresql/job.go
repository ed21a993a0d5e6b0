package postgresql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// planConfigMap holds what the Job has to do, and the scripts that do it.
func planConfigMap(s *part.Service) *corev1.ConfigMap {
	data := files(provisionScripts)
	data["plan"] = plan(s)
	return kit.Config(kit.ServiceIdentity(s, provisionRole), s.Namespace, kit.Child(s.Name, provisionRole), data)
}

// plan is read line by line by scripts/provision.sh. The names in it were checked by checkNames.
func plan(s *part.Service) string {
	var databases, consumers []string
	for i, c := range s.Consumers {
		databases = append(databases, "database "+c.Database)
		consumers = append(consumers, fmt.Sprintf("consumer %d %s %s %s %s", i, c.Access, c.Database, c.Login, logins.Other(c.Login)))
	}
	slices.Sort(databases)
	lines := append(slices.Compact(databases), consumers...)
	for _, login := range logins.Departed(s) {
		lines = append(lines, "departed "+login)
	}
	if readerSecret(s) != "" {
		lines = append(lines, "reader")
	}
	lines = append(lines, fmt.Sprintf("replicas %d", s.Replicas))
	return strings.Join(lines, "\n") + "\n"
}

// provisionJob makes databases and logins. A change of the plan or of a Secret makes another Job.
func provisionJob(s *part.Service, plan string) *batchv1.Job {
	facts := jobInputs{Job: inputs.OfJob(s), TLS: s.TLS, ClusterDomain: s.ClusterDomain, Plan: plan, Admin: s.Admin.Secret, Reader: readerSecret(s)}
	if s.Certificate != nil {
		facts.Certificate = s.Certificate.Secret
	}
	for _, c := range s.Consumers {
		facts.Consumers = append(facts.Consumers, c.Credential.Secret)
	}
	hash := kit.Hash(facts)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), provisionContainer(s, hash))
	pod.Volumes = provisionVolumes(s, plan)
	// What is left of an older Job must not do for long what this one undoes: a shell would not hear the first signal.
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(1))
	return kit.Job(kit.ServiceIdentity(s, provisionRole), s.Namespace, kit.Child(s.Name, provisionRole), pod, hash)
}

type jobInputs struct {
	inputs.Job
	TLS           v1alpha1.TLSMode `json:"tls,omitempty"`
	ClusterDomain string           `json:"clusterDomain,omitempty"`
	Plan          string           `json:"plan,omitempty"`
	Admin         string           `json:"admin,omitempty"`
	Certificate   string           `json:"certificate,omitempty"`
	Consumers     []string         `json:"consumers,omitempty"`
	Reader        string           `json:"reader,omitempty"`
}

// provisionContainer gets the hash of its Job's inputs: a Job begins by writing it into the server, and changes no login once
// it reads another one there.
func provisionContainer(s *part.Service, hash string) corev1.Container {
	container := corev1.Container{
		Name: provisionRole, Image: s.Image.Name, Command: []string{"sh", configPath + "/provision.sh"},
		Env: slices.Concat([]corev1.EnvVar{
			{Name: "MAJOR", Value: strconv.Itoa(major(s.Image.Version))},
			{Name: "CONSUMERS", Value: consumersPath},
			{Name: "PLAN", Value: hash},
			{Name: "LANG", Value: "C.UTF-8"},
		}, connection(s, superuser, s.Admin.Secret)),
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: configPath, ReadOnly: true},
			{Name: "tmp", MountPath: "/tmp"},
		},
	}
	if len(s.Consumers) > 0 {
		container.VolumeMounts = append(container.VolumeMounts,
			corev1.VolumeMount{Name: "consumers", MountPath: consumersPath, ReadOnly: true})
	}
	if readerSecret(s) != "" {
		container.Env = append(container.Env, corev1.EnvVar{Name: "READER", Value: readerPath})
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "reader", MountPath: readerPath, ReadOnly: true})
	}
	if s.Certificate != nil {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "tls", MountPath: tlsPath, ReadOnly: true})
	}
	return container
}

// connection is how the server is reached as one of its own roles.
func connection(s *part.Service, user, secret string) []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: "PGHOST", Value: host(s)},
		{Name: "PGPORT", Value: strconv.Itoa(port)},
		{Name: "PGUSER", Value: user},
		kit.SecretEnv("PGPASSWORD", secret, keyPassword),
		{Name: "PGDATABASE", Value: "postgres"},
		{Name: "PGCONNECT_TIMEOUT", Value: "5"},
	}
	if s.Certificate == nil {
		return append(env, corev1.EnvVar{Name: "PGSSLMODE", Value: "disable"})
	}
	return append(env, corev1.EnvVar{Name: "PGSSLMODE", Value: "verify-full"},
		corev1.EnvVar{Name: "PGSSLROOTCERT", Value: tlsPath + "/" + corev1.ServiceAccountRootCAKey})
}

// readerSecret has the password of the role that backups are made with; empty where none are made.
func readerSecret(s *part.Service) string {
	if s.Vault == nil || s.Vault.Login == nil {
		return ""
	}
	return s.Vault.Login.Secret
}

func provisionVolumes(s *part.Service, plan string) []corev1.Volume {
	volumes := []corev1.Volume{kit.ConfigVolume("config", plan, 0o444), kit.EmptyDir("tmp", "16Mi")}
	if len(s.Consumers) > 0 {
		volumes = append(volumes, consumersVolume(s))
	}
	if reader := readerSecret(s); reader != "" {
		volumes = append(volumes, kit.SecretVolume("reader", reader))
	}
	if s.Certificate != nil {
		volumes = append(volumes, authorityVolume(s))
	}
	return volumes
}

// authorityVolume shows the certificate of the authority, without the server's key.
func authorityVolume(s *part.Service) corev1.Volume {
	authority := kit.SecretVolume("tls", s.Certificate.Secret)
	authority.Secret.Items = []corev1.KeyToPath{
		{Key: corev1.ServiceAccountRootCAKey, Path: corev1.ServiceAccountRootCAKey},
	}
	return authority
}

// consumersVolume shows the Secret of each consumer in a folder that is named by its place in the plan.
func consumersVolume(s *part.Service) corev1.Volume {
	var sources []corev1.VolumeProjection
	for i, c := range s.Consumers {
		folder := strconv.Itoa(i)
		sources = append(sources, corev1.VolumeProjection{Secret: &corev1.SecretProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: c.Credential.Secret},
			Items: []corev1.KeyToPath{
				{Key: "username", Path: folder + "/username"}, {Key: "password", Path: folder + "/password"},
			},
		}})
	}
	return corev1.Volume{Name: "consumers", VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: sources, DefaultMode: kit.Ptr(int32(0o440))},
	}}
}
