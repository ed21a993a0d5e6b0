package replicated

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/backup"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// BackupLogin is the login that backups are made with: it reads everything and changes nothing.
const BackupLogin = "stackwright_backup"

// Backup is the Job that makes one backup.
func (e *Engine) Backup(s *part.Service, name string) (part.Output, error) {
	return backup.Dump(s, name, e.dumpStep(s)), nil
}

// dumpStep makes an archive of what the primary has.
func (e *Engine) dumpStep(s *part.Service) backup.Step {
	container := corev1.Container{
		Name: "dump", Image: s.Image.Name, Command: []string{"sh", backup.ScriptsPath + "/dump.sh"},
		Env:          e.DumpEnv(s),
		Resources:    kit.SmallResources(),
		VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
	}
	volumes := []corev1.Volume{e.tmpVolume("64Mi")}
	if s.Certificate != nil {
		volumes = append(volumes, kit.AuthorityVolume("tls", s.Certificate.Secret))
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "tls", MountPath: TLSPath, ReadOnly: true})
	}
	return backup.Step{Container: container, Volumes: volumes, Files: e.Scripts.Read(e.Scripts.Dump)}
}

// restoreStep makes a data directory of an archive.
func (e *Engine) restoreStep(s *part.Service, config string, p Parts) backup.Step {
	container := corev1.Container{
		Name: "restore", Image: s.Image.Name, Command: []string{"sh", backup.ScriptsPath + "/restore.sh"},
		Env:          slices.Concat(preparingEnv(p.Env, p.Primary), p.RestoreEnv),
		Resources:    s.Resources,
		VolumeMounts: e.preparingMounts(s),
	}
	return backup.Step{Container: container, Volumes: e.serverVolumes(s, config), Files: e.Scripts.Read(e.Scripts.Restore)}
}

// addBackups adds what keeps and makes backups, and what begins with one. Set is that of the primary.
func (e *Engine) addBackups(s *part.Service, set *appsv1.StatefulSet, restore backup.Step, output *part.Output) {
	if s.Vault != nil {
		output.Merge(backup.Place(s))
	}
	if ReaderSecret(s) != "" && s.Vault.Schedule != "" {
		output.Merge(backup.Schedule(s, e.dumpStep(s)))
	}
	if s.Vault != nil && s.Vault.Verify != "" {
		output.Merge(backup.Verify(s, restore))
	}
	if s.Recovery != nil && !s.Suspended {
		// The data is made in the claim that the StatefulSet will use.
		claim := *set.Spec.VolumeClaimTemplates[0].DeepCopy()
		claim.Name = kit.Child(claim.Name, set.Name, "0")
		job := backup.Restore(s, claim, restore)
		output.Merge(job)
		output.Provisioning = job.Provisioning
	}
}
