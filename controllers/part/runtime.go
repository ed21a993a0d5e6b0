package part

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Runtime adjusts a component to what runs in its image. A field that is absent changes nothing.
type Runtime struct {
	// Name is the value of the component's runtime.
	Name v1alpha1.Runtime
	// Command is the command line of a component that names none.
	Command func(*v1alpha1.Component) []string
	// Env are the variables of a container with the given resources.
	Env func(corev1.ResourceRequirements) []corev1.EnvVar
	// Singleton says that the component has at most one pod, and never two at once during a rollout.
	Singleton func(*v1alpha1.Component) bool
	// User is the user and group id of the component's image where securityContext names none. 0 leaves it to the image.
	User int64
	// GracePeriodSeconds is how long the container may take to stop, in seconds, where the component does not say. 0 is 30.
	GracePeriodSeconds int64
	// WithoutProbes says that no probes are generated: nothing in the container answers one cheaply.
	WithoutProbes bool
	// WithoutNodeJS says that Node.js never runs in the image: variables that only Node.js reads are left out.
	WithoutNodeJS bool
}
