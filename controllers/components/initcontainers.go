package components

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// checkContainers refuses what the API server refuses with words that name no field of the component.
func checkContainers(spec *v1alpha1.Component) error {
	for i := range spec.InitContainers {
		if spec.InitContainers[i].Name == spec.Name {
			return part.Invalid(v1alpha1.ReasonInvalid,
				"component %s: initContainers[%s] has the name of the component's own container; give it another", spec.Name, spec.Name)
		}
	}
	return nil
}

// initContainers run before the component, or beside it. They see its services, and obey its restrictions. What the runtime
// adjusts is only for those of the component's own image.
func (w *workload) initContainers(generated []corev1.EnvVar) []corev1.Container {
	var containers []corev1.Container
	for i := range w.Spec.InitContainers {
		containers = append(containers, w.initContainer(&w.Spec.InitContainers[i], w.initImage(i), generated))
	}
	return containers
}

func (w *workload) initImage(index int) string {
	if index < len(w.InitImages) && w.InitImages[index] != "" {
		return w.InitImages[index]
	}
	return w.Image
}

func (w *workload) initContainer(
	declared *v1alpha1.InitContainer, image string, generated []corev1.EnvVar,
) corev1.Container {
	resources := overridden(w.SidecarResources, declared.Resources)
	security, runtime := w.containerSecurity(), []corev1.EnvVar(nil)
	if declared.Image == "" {
		security, runtime = w.ownImageSecurity(), w.runtimeEnv(resources)
	}
	container := corev1.Container{
		Name:            string(declared.Name),
		Image:           image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         declared.Command,
		Args:            declared.Args,
		Env:             joinEnv(generated, runtime, declared.Env),
		Resources:       resources,
		VolumeMounts:    w.mounts(declared.VolumeMounts),
		SecurityContext: security,
	}
	if declared.RestartPolicy != "" {
		container.RestartPolicy = kit.Ptr(corev1.ContainerRestartPolicy(declared.RestartPolicy))
	}
	return container
}

// overridden replaces the amounts that are declared. Where a request would exceed its limit then, the one that was not
// declared follows the other.
func overridden(resources corev1.ResourceRequirements, declared *v1alpha1.Resources) corev1.ResourceRequirements {
	if declared == nil {
		return resources
	}
	result := *resources.DeepCopy()
	requests, limits := amounts(declared.Requests), amounts(declared.Limits)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		set(&result.Requests, name, requests[name])
		set(&result.Limits, name, limits[name])
		limit, limited := result.Limits[name]
		switch request := result.Requests[name]; {
		case !limited || limit.Cmp(request) >= 0:
		case limits[name] != nil:
			set(&result.Requests, name, &limit)
		default:
			set(&result.Limits, name, &request)
		}
	}
	return result
}

func amounts(declared *v1alpha1.ResourceAmounts) map[corev1.ResourceName]*resource.Quantity {
	if declared == nil {
		return nil
	}
	return map[corev1.ResourceName]*resource.Quantity{
		corev1.ResourceCPU: declared.CPU, corev1.ResourceMemory: declared.Memory,
	}
}

// set does nothing without a quantity.
func set(list *corev1.ResourceList, name corev1.ResourceName, quantity *resource.Quantity) {
	if quantity == nil {
		return
	}
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[name] = *quantity
}
