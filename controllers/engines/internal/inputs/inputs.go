// Package inputs has what the engines' pod templates have in common to be built from, in the form whose hash says that a
// template changed because somebody asked for it. A field is encoded only when it is set, so that one that is added later
// leaves the hash of services without it as it is.
package inputs

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Server is what the template of every engine is built from. Of the image it has what was asked for: the name that runs in
// its place comes from the built-in catalog where the class names none, and must not restart anything when that changes.
type Server struct {
	Image       string                      `json:"image,omitempty"`
	User        string                      `json:"user,omitempty"`
	Version     string                      `json:"version,omitempty"`
	Resources   corev1.ResourceRequirements `json:"resources,omitzero"`
	Placement   kit.PlacementInputs         `json:"placement,omitzero"`
	Parameters  map[string]string           `json:"parameters,omitempty"`
	TLS         v1alpha1.TLSMode            `json:"tls,omitempty"`
	Admin       string                      `json:"admin,omitempty"`
	Certificate string                      `json:"certificate,omitempty"`
	RestartedAt string                      `json:"restartedAt,omitempty"`
}

// Of returns the inputs of a service.
func Of(s *part.Service) Server {
	return Server{
		Image: s.Image.Given, User: s.Image.GivenUser, Version: s.Image.Version, Resources: s.Resources,
		Placement:  kit.PlacementInputs(s.Placement),
		Parameters: s.Parameters, TLS: s.TLS, Admin: secret(s.Admin), Certificate: secret(s.Certificate), RestartedAt: s.RestartedAt,
	}
}

func secret(credential *part.Credential) string {
	if credential == nil {
		return ""
	}
	return credential.Secret
}

// Job is what a Job that makes logins runs with. It restarts nothing, so that another image may run it again: one that never
// started because its image could not be pulled is replaced.
type Job struct {
	Image      string              `json:"image,omitempty"`
	RunAsUser  int64               `json:"runAsUser,omitempty"`
	RunAsGroup int64               `json:"runAsGroup,omitempty"`
	Version    string              `json:"version,omitempty"`
	Placement  kit.PlacementInputs `json:"placement,omitzero"`
}

// OfJob returns the inputs of a service's Job.
func OfJob(s *part.Service) Job {
	return Job{
		Image: s.Image.Name, RunAsUser: s.Image.RunAsUser, RunAsGroup: s.Image.RunAsGroup, Version: s.Image.Version,
		Placement: kit.PlacementInputs(s.Placement),
	}
}
