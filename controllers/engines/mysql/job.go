package mysql

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// provisioning makes databases and logins, and the account that backups are made with.
func provisioning(s *part.Service) replicated.Job {
	job := replicated.Job{Env: reachAs(s, "ADMIN_PASSWORD", s.Admin.Secret)}
	if replicated.ReaderSecret(s) != "" {
		job.Script, job.Scripts = "reader.sh", []string{"reader.sh", "reader.sql"}
	}
	return job
}

// dumpEnv is what an archive is made with.
func dumpEnv(s *part.Service) []corev1.EnvVar {
	return slices.Concat([]corev1.EnvVar{
		replicated.PodName(), {Name: "SERIES", Value: replicated.Series(s.Image.Version)}, {Name: "LANG", Value: "C.UTF-8"},
	}, reachAs(s, "BACKUP_PASSWORD", s.Vault.Login.Secret))
}

// reachAs is how the primary is reached with a password.
func reachAs(s *part.Service, name, secret string) []corev1.EnvVar {
	return slices.Concat([]corev1.EnvVar{
		{Name: "PORT", Value: strconv.Itoa(port)}, kit.SecretEnv(name, secret, replicated.KeyPassword),
	}, reach(s))
}
