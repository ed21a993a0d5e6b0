package mysql

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// provisioning makes databases and logins.
func provisioning(s *part.Service) replicated.Job {
	return replicated.Job{Env: slices.Concat([]corev1.EnvVar{
		{Name: "PORT", Value: strconv.Itoa(port)},
		kit.SecretEnv("ADMIN_PASSWORD", s.Admin.Secret, replicated.KeyPassword),
	}, reach(s))}
}
