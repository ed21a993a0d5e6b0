package loadbalancer

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// templateInputs is what the pod template is built from; the number of pods is not. A field is encoded only when it is set, so
// that one that is added later leaves the hash of load balancers without it as it is. Of the image it has what the class
// gives: nobody asks for a version here, so that a newer one in the built-in catalog must not restart anything.
type templateInputs struct {
	Image       string                      `json:"image,omitempty"`
	User        string                      `json:"user,omitempty"`
	Placement   kit.PlacementInputs         `json:"placement,omitzero"`
	Resources   corev1.ResourceRequirements `json:"resources,omitzero"`
	RestartedAt string                      `json:"restartedAt,omitempty"`
	Routes      []routeInputs               `json:"routes,omitempty"`
}

type routeInputs struct {
	Hostname string `json:"hostname,omitempty"`
	Path     string `json:"path,omitempty"`
	Host     string `json:"host"`
	Port     int32  `json:"port"`
}

func newTemplateInputs(l *part.LoadBalancer) templateInputs {
	inputs := templateInputs{
		Image: l.Image.Given, User: l.Image.GivenUser, Placement: kit.PlacementInputs(l.Placement), Resources: l.Resources, RestartedAt: l.RestartedAt,
	}
	for _, route := range l.Routes {
		inputs.Routes = append(inputs.Routes, routeInputs{Hostname: route.Hostname, Path: route.Path, Host: route.Host, Port: route.Port})
	}
	return inputs
}
