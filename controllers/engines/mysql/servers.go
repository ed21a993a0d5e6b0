package mysql

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// parts are what this engine gives for one service. Each copy is copied from the primary once, and follows its binary log.
func parts(s *part.Service) replicated.Parts {
	job := provisioning(s)
	job.ForMetrics(s)
	return replicated.Parts{
		Files: configuration(s),
		Env:   serverEnv(s),
		// Where data is prepared a whole server runs, with the memory of the one that follows.
		Prepare: s.Resources,
		Primary: replicated.Role{Script: "initdb.sh", ScriptEnv: []corev1.EnvVar{
			{Name: "ADMIN_SECRET", Value: s.Admin.Secret}, {Name: "TRANSPORT", Value: transport(s)},
		}},
		Replica:  replicated.Role{Script: "join.sh", Env: reach(s)},
		Job:      job,
		Exporter: func(server string) exporter.Exporter { return exported(s, server) },
	}
}

// transport is what the server's own accounts must come with: encrypted wherever there is a certificate.
func transport(s *part.Service) string {
	if s.TLS == v1alpha1.TLSDisabled {
		return "NONE"
	}
	return "SSL"
}

// serverEnv has no variable that the server's own programs would read.
func serverEnv(s *part.Service) []corev1.EnvVar {
	return []corev1.EnvVar{
		replicated.PodName(),
		{Name: "SERIES", Value: replicated.Series(s.Image.Version)},
		{Name: "PORT", Value: strconv.Itoa(port)},
		{Name: "CONFIG", Value: replicated.ConfigPath},
		{Name: "SOCKETS", Value: socketsPath},
		{Name: "DATA", Value: replicated.DataPath},
		{Name: "DATADIR", Value: replicated.DataPath + "/mysql"},
		{Name: "LANG", Value: "C.UTF-8"},
	}
}

// reach says how a copy or a Job reaches the primary, and by which authority it knows it.
func reach(s *part.Service) []corev1.EnvVar {
	env := []corev1.EnvVar{{Name: "PRIMARY", Value: replicated.Host(s)}}
	if s.Certificate != nil {
		env = append(env, corev1.EnvVar{Name: "AUTHORITY", Value: replicated.Authority})
	}
	return env
}
