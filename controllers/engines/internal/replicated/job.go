package replicated

import (
	"cmp"
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

// readerPath has the password of the login that backups are made with.
const readerPath = "/stackwright/reader"

// Job makes databases and logins as a plan says.
type Job struct {
	// Script that is run; empty: provision.sh. Scripts names those that only this service's Job needs.
	Script  string
	Scripts []string
	// Files that the scripts read besides the plan.
	Files map[string]string
	// Lines of the plan after those that every engine has.
	Lines []string
	// Env are the engine's variables, First those in front of what every engine's Job has.
	First, Env []corev1.EnvVar
}

// plan holds what the Job has to do, and the scripts that do it. Provision.sh reads it line by line; the names in it are checked.
func (e *Engine) plan(s *part.Service, job Job) *corev1.ConfigMap {
	data := kit.With(e.Scripts.Read(slices.Concat(e.Scripts.Provision, job.Scripts)), job.Files)
	data["plan"] = plan(s, job.Lines)
	return kit.Config(kit.ServiceIdentity(s, provisionRole), s.Namespace, kit.Child(s.Name, provisionRole), data)
}

func plan(s *part.Service, further []string) string {
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
	var text strings.Builder
	for _, line := range append(lines, further...) {
		text.WriteString(line + "\n")
	}
	return text.String()
}

// provision makes databases and logins. A change of the plan or of a Secret makes another Job.
func (e *Engine) provision(s *part.Service, plan string, job Job) *batchv1.Job {
	facts := jobInputs{Job: inputs.OfJob(s), TLS: s.TLS, ClusterDomain: s.ClusterDomain, Plan: plan, Admin: s.Admin.Secret, Reader: ReaderSecret(s)}
	if s.Certificate != nil {
		facts.Certificate = s.Certificate.Secret
	}
	for _, c := range s.Consumers {
		facts.Consumers = append(facts.Consumers, c.Credential.Secret)
	}
	hash := kit.Hash(facts)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), provisionContainer(s, hash, job))
	pod.Volumes = e.provisionVolumes(s, plan)
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
func provisionContainer(s *part.Service, hash string, job Job) corev1.Container {
	container := corev1.Container{
		Name: provisionRole, Image: s.Image.Name, Command: []string{"sh", ConfigPath + "/" + cmp.Or(job.Script, "provision.sh")},
		Env: slices.Concat(job.First, []corev1.EnvVar{
			{Name: "CONSUMERS", Value: consumersPath},
			{Name: "PLAN", Value: hash},
			{Name: "LANG", Value: "C.UTF-8"},
		}, job.Env),
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: "config", MountPath: ConfigPath, ReadOnly: true},
			{Name: "tmp", MountPath: "/tmp"},
		},
	}
	mount := func(name, path string) {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path, ReadOnly: true})
	}
	if len(s.Consumers) > 0 {
		mount("consumers", consumersPath)
	}
	if ReaderSecret(s) != "" {
		container.Env = append(container.Env, corev1.EnvVar{Name: "READER", Value: readerPath})
		mount("reader", readerPath)
	}
	if s.Certificate != nil {
		mount("tls", TLSPath)
	}
	return container
}

// ReaderSecret has the password of the login that backups are made with; empty where none are made.
func ReaderSecret(s *part.Service) string {
	if s.Vault == nil || s.Vault.Login == nil {
		return ""
	}
	return s.Vault.Login.Secret
}

func (e *Engine) provisionVolumes(s *part.Service, plan string) []corev1.Volume {
	volumes := []corev1.Volume{kit.ConfigVolume("config", plan, 0o444), e.tmpVolume("16Mi")}
	if len(s.Consumers) > 0 {
		volumes = append(volumes, consumersVolume(s))
	}
	if reader := ReaderSecret(s); reader != "" {
		volumes = append(volumes, kit.SecretVolume("reader", reader))
	}
	if s.Certificate != nil {
		volumes = append(volumes, kit.AuthorityVolume("tls", s.Certificate.Secret))
	}
	return volumes
}

// tmpVolume is the folder /tmp of a Job.
func (e *Engine) tmpVolume(limit string) corev1.Volume {
	tmp := kit.EmptyDir("tmp", limit)
	if e.LoginInTmp {
		tmp.EmptyDir.Medium = corev1.StorageMediumMemory
	}
	return tmp
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
