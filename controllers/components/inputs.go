package components

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// templateInputs is all that a pod template is built from, and nothing else: scaling or a new route must not let out an
// update that is held back. A field is encoded only when it is set, so that one that is added later leaves the hash of
// components without it as it is.
type templateInputs struct {
	Spec             v1alpha1.Component           `json:"spec"`
	Image            string                       `json:"image"`
	InitImages       []string                     `json:"initImages,omitempty"`
	Resources        corev1.ResourceRequirements  `json:"resources"`
	SidecarResources *corev1.ResourceRequirements `json:"sidecarResources,omitempty"`
	Placement        kit.PlacementInputs          `json:"placement,omitzero"`
	RestartedAt      string                       `json:"restartedAt,omitempty"`
	Uses             []dependencyInputs           `json:"uses,omitempty"`
	Calls            []calleeInputs               `json:"calls,omitempty"`
}

type dependencyInputs struct {
	Name     string                `json:"name"`
	Kind     string                `json:"kind"`
	Engine   string                `json:"engine,omitempty"`
	Type     string                `json:"type,omitempty"`
	Default  bool                  `json:"default,omitempty"`
	Secret   string                `json:"secret"`
	Keys     []string              `json:"keys,omitzero"`
	Renamed  *v1alpha1.BindingKeys `json:"renamed,omitempty"`
	HasCA    bool                  `json:"hasCA,omitempty"`
	CA       string                `json:"ca,omitempty"`
	PoolSize int32                 `json:"poolSize,omitempty"`
}

type calleeInputs struct {
	Name string `json:"name"`
	Host string `json:"host"`
	Port int32  `json:"port,omitempty"`
}

func (w *workload) templateInputs() templateInputs {
	inputs := templateInputs{
		Spec:        templateSpec(w.Spec),
		Image:       w.Image,
		InitImages:  w.InitImages,
		Resources:   w.Resources,
		Placement:   kit.PlacementInputs(w.Placement),
		RestartedAt: w.RestartedAt,
	}
	if len(w.Spec.InitContainers) > 0 {
		inputs.SidecarResources = &w.SidecarResources
	}
	for i := range w.Uses {
		inputs.Uses = append(inputs.Uses, newDependencyInputs(&w.Uses[i]))
	}
	for _, callee := range w.Calls {
		inputs.Calls = append(inputs.Calls, calleeInputs(callee))
	}
	return inputs
}

func newDependencyInputs(d *part.Dependency) dependencyInputs {
	return dependencyInputs{
		Name: d.Name, Kind: d.Kind, Engine: d.Engine, Type: d.Type, Default: d.Default, Secret: d.Secret,
		Keys: d.Keys, Renamed: d.Renamed, HasCA: d.HasCA, CA: d.CA, PoolSize: d.PoolSize,
	}
}

// templateSpec leaves out what stands in the inputs as resolved, and what only other objects are built from.
func templateSpec(spec v1alpha1.Component) v1alpha1.Component {
	spec.Image, spec.Size, spec.Placement = "", "", ""
	spec.Resources, spec.RestartedAt, spec.Uses = nil, nil, nil
	spec.Replicas, spec.Scale, spec.Strategy = nil, nil, nil
	spec.AllowFrom, spec.Egress, spec.Routes = nil, nil, nil
	return spec
}
