package postgresql

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// parts are what this engine gives for one service. Each copy follows the primary through a slot of its own.
func parts(s *part.Service) replicated.Parts {
	result := replicated.Parts{
		Files:    configuration(s),
		Env:      serverEnv(s),
		Prepare:  kit.SmallResources(),
		Primary:  replicated.Role{Script: "initdb.sh", ScriptEnv: []corev1.EnvVar{{Name: "ADMIN_SECRET", Value: s.Admin.Secret}}},
		Replica:  replicated.Role{Script: "join.sh", Env: []corev1.EnvVar{{Name: "PRIMARY", Value: primaryConnection(s)}}},
		Job:      provisioning(s),
		Exporter: func(server string) exporter.Exporter { return exported(s, server) },
	}
	if s.Pooler != nil {
		addPooler(s, &result)
	}
	if len(s.Extensions) > 0 {
		addExtensions(s, &result)
	}
	result.Job.ForMetrics(s)
	return result
}

// serverEnv has no variable that the server's own client library would read.
func serverEnv(s *part.Service) []corev1.EnvVar {
	return []corev1.EnvVar{
		replicated.PodName(),
		majorVersion(s),
		{Name: "PORT", Value: strconv.Itoa(port)},
		{Name: "CONFIG", Value: replicated.ConfigPath},
		{Name: "SOCKETS", Value: socketsPath},
		{Name: "DATA", Value: replicated.DataPath},
		{Name: "PGDATA", Value: replicated.DataPath + "/pgdata"},
		{Name: "LANG", Value: "C.UTF-8"},
	}
}

func majorVersion(s *part.Service) corev1.EnvVar {
	return corev1.EnvVar{Name: "MAJOR", Value: strconv.Itoa(major(s.Image.Version))}
}

// primaryConnection is how a copy reaches the primary. The file with the password is written by scripts/join.sh.
func primaryConnection(s *part.Service) string {
	security := "sslmode=disable"
	if s.Certificate != nil {
		security = "sslmode=verify-full sslrootcert=" + replicated.Authority
	}
	return fmt.Sprintf("host=%s port=%d user=%s passfile=%s/pgpass %s", replicated.Host(s), port, replicationUser, socketsPath, security)
}
