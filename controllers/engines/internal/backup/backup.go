// Package backup builds the pods that carry archives between an engine and the place of its backups. What is of the engine itself,
// a container that makes an archive or makes data of one, is given by the engine.
package backup

import (
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// ScriptsPath is where a step finds its scripts and those of this package.
	ScriptsPath = "/stackwright/scripts"
	archivePath = "/stackwright/archive"

	// refused is the exit code of a script for a cause that another try does not mend.
	refused = 3
	// tries is how often a pod may fail for other causes; they are further and further apart.
	tries = 4
	// keptSeconds is how long a finished Job can be looked at.
	keptSeconds = 24 * 60 * 60
)

// Step is what an engine does in the pod of a backup or of a restore.
type Step struct {
	// Container gets the scripts, the folder of the archive, and variables that tell of both.
	Container corev1.Container
	// Volumes of the container besides.
	Volumes []corev1.Volume
	// Files are the engine's scripts.
	Files map[string]string
}

// Dump is the Job that makes one backup: the engine makes an archive, and rclone stores it.
func Dump(s *part.Service, name string, step Step) part.Output {
	identity := kit.ServiceIdentity(s, kit.BackupRole)
	scripts := kit.Config(identity, s.Namespace, name, files(s, step, "store.sh"))
	job := job(identity, s.Namespace, name, dumpPod(s, scripts.Name, step))
	job.Spec.TTLSecondsAfterFinished = kit.Ptr(int32(keptSeconds))
	return part.Output{Objects: []part.Object{scripts, job}}
}

// Schedule makes backups by itself.
func Schedule(s *part.Service, step Step) part.Output {
	identity := kit.ServiceIdentity(s, kit.BackupRole)
	scripts := kit.Config(identity, s.Namespace, kit.Child(s.Name, kit.BackupRole), files(s, step, "store.sh"))
	return part.Output{Objects: []part.Object{scripts, cronJob(s, identity, s.Vault.Schedule, dumpPod(s, scripts.Name, step))}}
}

// Verify restores the newest archive by itself into a claim that goes with its pod.
func Verify(s *part.Service, step Step) part.Output {
	identity := kit.ServiceIdentity(s, kit.VerifyRole)
	scripts := kit.Config(identity, s.Namespace, kit.Child(s.Name, kit.VerifyRole), files(s, step, "fetch.sh"))
	archive := part.Recovery{Source: s.Name}
	volumes := append([]corev1.Volume{scratch(s, kit.DataVolume)}, step.Volumes...)
	pod := pod(s, scripts.Name, archive, volumes, carrier(s, "fetch", archive, true), engineStep(s, step.Container, archive))
	return part.Output{Objects: []part.Object{scripts, cronJob(s, identity, s.Vault.Verify, pod)}}
}

// cronJob runs a pod by the clock, one at a time. It rests while the service does.
func cronJob(s *part.Service, identity kit.Identity, schedule string, pod corev1.PodSpec) *batchv1.CronJob {
	name := kit.Child(s.Name, identity.Component)
	result := &batchv1.CronJob{
		ObjectMeta: identity.Meta(s.Namespace, name),
		Spec: batchv1.CronJobSpec{
			Schedule:          schedule,
			ConcurrencyPolicy: batchv1.ForbidConcurrent,
			Suspend:           kit.Ptr(s.Suspended || s.Recovery != nil),
			// One that was missed, with the control plane away, is made up for within an hour.
			StartingDeadlineSeconds:    kit.Ptr(int64(60 * 60)),
			SuccessfulJobsHistoryLimit: kit.Ptr(int32(3)),
			FailedJobsHistoryLimit:     kit.Ptr(int32(3)),
			JobTemplate:                batchv1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: identity.Labels()}, Spec: job(identity, s.Namespace, name, pod).Spec},
		},
	}
	if s.Vault.TimeZone != "" {
		result.Spec.TimeZone = &s.Vault.TimeZone
	}
	return result
}

func dumpPod(s *part.Service, scripts string, step Step) corev1.PodSpec {
	archive := part.Recovery{Source: s.Name}
	store := carrier(s, "store", archive, false)
	if s.Vault.Keep > 0 {
		store.Env = append(store.Env, corev1.EnvVar{Name: "KEEP", Value: strconv.Itoa(int(s.Vault.Keep))})
	}
	if s.Vault.KeepSeconds > 0 {
		store.Env = append(store.Env, corev1.EnvVar{Name: "KEEP_SECONDS", Value: strconv.FormatInt(s.Vault.KeepSeconds, 10)})
	}
	result := pod(s, scripts, archive, step.Volumes, engineStep(s, step.Container, archive), store)
	if s.Vault.Bucket != nil { // a claim is mounted, or no container begins
		result.InitContainers = slices.Insert(result.InitContainers, 0, carrier(s, "reach", archive, true))
	}
	return result
}

// Restore is the Job that makes the claim of a service's primary from a backup, before any server runs: rclone fetches the archive
// and checks it, and the engine makes data of it. claim is that of the primary.
func Restore(s *part.Service, claim corev1.PersistentVolumeClaim, step Step) part.Output {
	identity := kit.ServiceIdentity(s, kit.RestoreRole)
	claim.Namespace = s.Namespace
	scripts := kit.Config(identity, s.Namespace, kit.Child(s.Name, kit.RestoreRole), files(s, step, "fetch.sh"))
	fetch := carrier(s, "fetch", *s.Recovery, true)
	volumes := append([]corev1.Volume{claimVolume(kit.DataVolume, claim.Name, false)}, step.Volumes...)
	pod := pod(s, scripts.Name, *s.Recovery, volumes, fetch, engineStep(s, step.Container, *s.Recovery))
	job := job(identity, s.Namespace, kit.Child(s.Name, kit.RestoreRole, kit.Hash(pod)[:8]), pod)
	return part.Output{
		Objects: []part.Object{scripts, job}, Retained: []part.Object{&claim}, Provisioning: job.Name,
	}
}

// engineStep tells the engine's container of the archive.
func engineStep(s *part.Service, container corev1.Container, archive part.Recovery) corev1.Container {
	container.Env = append(container.Env, archiveEnv(s, archive)...)
	container.SecurityContext = kit.Restricted()
	container.VolumeMounts = append(container.VolumeMounts,
		corev1.VolumeMount{Name: "scripts", MountPath: ScriptsPath, ReadOnly: true},
		corev1.VolumeMount{Name: "archive", MountPath: archivePath},
	)
	return container
}

func archiveEnv(s *part.Service, archive part.Recovery) []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: "ARCHIVE", Value: archivePath},
		{Name: "ENGINE", Value: s.Engine},
		{Name: "SERVICE", Value: s.Namespace + "/" + archive.Source},
		{Name: "REPORT", Value: corev1.TerminationMessagePathDefault},
	}
	if archive.Archive != "" {
		env = append(env, corev1.EnvVar{Name: "NAME", Value: archive.Archive})
	}
	return env
}

// carrier is the container that stores or fetches. What is in the place of the backups cannot be read without the key.
func carrier(s *part.Service, verb string, archive part.Recovery, readOnly bool) corev1.Container {
	key, place := kit.BackupKey(archive.Source), placeOf(s, archive.Source)
	return corev1.Container{
		Name: verb, Image: s.Vault.Image.Name, Command: []string{"sh", ScriptsPath + "/" + verb + ".sh"},
		Env: slices.Concat(archiveEnv(s, archive),
			[]corev1.EnvVar{
				{Name: "TARGET", Value: place.target},
				{Name: "LOCATION", Value: kit.BackupLocation(s.Vault, s.Namespace, archive.Source)},
				{Name: "KEY", Value: key},
				kit.SecretEnv("PASSPHRASE", key, "passphrase"),
			}, place.env),
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		VolumeMounts: slices.Concat([]corev1.VolumeMount{
			{Name: "scripts", MountPath: ScriptsPath, ReadOnly: true},
			{Name: "archive", MountPath: archivePath},
		}, place.mounts(readOnly), []corev1.VolumeMount{
			{Name: "carrier", MountPath: "/tmp"},
		}),
	}
}

// pod runs the first container, then the second. All run as the engine's user: the files of one are read by the other.
func pod(
	s *part.Service, scripts string, archive part.Recovery, volumes []corev1.Volume, first, second corev1.Container,
) corev1.PodSpec {
	spec := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), second)
	spec.InitContainers = []corev1.Container{first}
	if s.Vault.Bucket != nil {
		spec.ServiceAccountName = s.Vault.Bucket.ServiceAccount
	}
	spec.Volumes = slices.Concat([]corev1.Volume{kit.ConfigVolume("scripts", scripts, 0o444), scratch(s, "archive")},
		placeOf(s, archive.Source).volumes, []corev1.Volume{kit.EmptyDir("carrier", "64Mi")}, volumes)
	return spec
}

// scratch holds the archive on its way: a claim that goes with the pod and is as large as the data, since the disk of a node may
// be small and is shared by all that runs there.
func scratch(s *part.Service, name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
		VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: kit.ClaimSpec(s.Storage, corev1.ReadWriteOnce)},
	}}}
}

func claimVolume(name, claim string, readOnly bool) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim, ReadOnly: readOnly},
	}}
}

// job ends at once where a script refuses, and tries again otherwise. A pod that its node lost does not count.
func job(identity kit.Identity, namespace, name string, pod corev1.PodSpec) *batchv1.Job {
	pod.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.Job{
		ObjectMeta: identity.Meta(namespace, name),
		Spec: batchv1.JobSpec{
			BackoffLimit: kit.Ptr(int32(tries)),
			PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
				{
					Action: batchv1.PodFailurePolicyActionIgnore,
					OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
						{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
					},
				},
				{
					Action: batchv1.PodFailurePolicyActionFailJob,
					OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
						Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{refused},
					},
				},
			}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: identity.Labels()}, Spec: pod},
		},
	}
}
