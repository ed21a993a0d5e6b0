package postgresql

import (
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/backup"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// backupUser reads everything and changes nothing; scripts/reader.sql makes it.
const backupUser = "stackwright_backup"

// readerPath has the password of backupUser for the Job that makes it.
const readerPath = "/stackwright/reader"

// dumpJob makes one backup.
func dumpJob(s *part.Service, name string) (part.Output, error) {
	return backup.Dump(s, name, dumpStep(s)), nil
}

// dumpStep makes an archive of what the primary has.
func dumpStep(s *part.Service) backup.Step {
	container := corev1.Container{
		Name: "dump", Image: s.Image.Name, Command: []string{"sh", backup.ScriptsPath + "/dump.sh"},
		Env: slices.Concat([]corev1.EnvVar{podName(), {Name: "MAJOR", Value: strconv.Itoa(major(s.Image.Version))}, {Name: "LANG", Value: "C.UTF-8"}},
			connection(s, backupUser, s.Vault.Login.Secret)),
		Resources:    kit.SmallResources(),
		VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
	}
	volumes := []corev1.Volume{kit.EmptyDir("tmp", "64Mi")}
	if s.Certificate != nil {
		volumes = append(volumes, authorityVolume(s))
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "tls", MountPath: tlsPath, ReadOnly: true})
	}
	return backup.Step{Container: container, Volumes: volumes, Files: files(dumpScripts)}
}

// restoreJob makes the data directory of the primary from a backup, in the claim that the StatefulSet will use.
func restoreJob(s *part.Service, config string, set *appsv1.StatefulSet) part.Output {
	claim := *set.Spec.VolumeClaimTemplates[0].DeepCopy()
	claim.Name = kit.Child(claim.Name, set.Name, "0")
	return backup.Restore(s, claim, restoreStep(s, config))
}

// restoreStep makes a data directory of an archive.
func restoreStep(s *part.Service, config string) backup.Step {
	container := corev1.Container{
		Name: "restore", Image: s.Image.Name, Command: []string{"sh", backup.ScriptsPath + "/restore.sh"},
		Env: append(serverEnv(s),
			corev1.EnvVar{Name: "CREDENTIALS", Value: credentialsPath}, corev1.EnvVar{Name: "ADMIN_SECRET", Value: s.Admin.Secret}),
		Resources:    s.Resources,
		VolumeMounts: append(serverMounts(s), corev1.VolumeMount{Name: "credentials", MountPath: credentialsPath, ReadOnly: true}),
	}
	return backup.Step{Container: container, Volumes: serverVolumes(s, config), Files: files(restoreScripts)}
}
