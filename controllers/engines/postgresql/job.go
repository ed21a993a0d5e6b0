package postgresql

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// provisioning makes databases and logins.
func provisioning(s *part.Service) replicated.Job {
	job := replicated.Job{First: []corev1.EnvVar{majorVersion(s)}, Env: connection(s, superuser, s.Admin.Secret)}
	if replicated.ReaderSecret(s) != "" {
		job.Lines = append(job.Lines, "reader")
	}
	job.Lines = append(job.Lines, fmt.Sprintf("replicas %d", s.Replicas))
	return job
}

// dumpEnv is what an archive is made with.
func dumpEnv(s *part.Service) []corev1.EnvVar {
	return slices.Concat([]corev1.EnvVar{replicated.PodName(), majorVersion(s), {Name: "LANG", Value: "C.UTF-8"}},
		connection(s, replicated.BackupLogin, s.Vault.Login.Secret))
}

// connection is how the server is reached as one of its own roles.
func connection(s *part.Service, user, secret string) []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: "PGHOST", Value: replicated.Host(s)},
		{Name: "PGPORT", Value: strconv.Itoa(port)},
		{Name: "PGUSER", Value: user},
		kit.SecretEnv("PGPASSWORD", secret, replicated.KeyPassword),
		{Name: "PGDATABASE", Value: "postgres"},
		{Name: "PGCONNECT_TIMEOUT", Value: "5"},
	}
	if s.Certificate == nil {
		return append(env, corev1.EnvVar{Name: "PGSSLMODE", Value: "disable"})
	}
	return append(env, corev1.EnvVar{Name: "PGSSLMODE", Value: "verify-full"}, corev1.EnvVar{Name: "PGSSLROOTCERT", Value: replicated.Authority})
}
