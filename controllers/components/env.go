package components

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// generatedEnv are the variables of every container of the component, those of the runtime apart: the main port, the
// services it uses, the components it calls, and the conventional names.
func (w *workload) generatedEnv(conventional []corev1.EnvVar) []corev1.EnvVar {
	var env []corev1.EnvVar
	if w.Spec.Port != nil {
		env = append(env, corev1.EnvVar{Name: "PORT", Value: strconv.Itoa(int(*w.Spec.Port))})
	}
	if len(w.Uses) > 0 {
		env = append(env, corev1.EnvVar{Name: "SERVICE_BINDING_ROOT", Value: bindingRoot})
	}
	for i := range w.Uses {
		env = append(env, bindingEnv(&w.Uses[i])...)
	}
	for _, callee := range w.Calls {
		env = append(env, calleeEnv(callee)...)
	}
	env = append(env, conventional...)
	if path := w.authoritiesPath(); path != "" {
		env = append(env, corev1.EnvVar{Name: variableAuthorities, Value: path})
	}
	return env
}

// calleeEnv says where another component answers. One without a main port has a name only.
func calleeEnv(callee part.Callee) []corev1.EnvVar {
	prefix := variablePrefix(callee.Name)
	env := []corev1.EnvVar{{Name: prefix + "_HOST", Value: callee.Host}}
	if callee.Port == 0 {
		return env
	}
	port := strconv.Itoa(int(callee.Port))
	return append(env,
		corev1.EnvVar{Name: prefix + "_PORT", Value: port},
		corev1.EnvVar{Name: prefix + "_URL", Value: "http://" + callee.Host + ":" + port},
	)
}

// variablePrefix begins the variables of an entry.
func variablePrefix(entry string) string {
	return strings.ToUpper(strings.ReplaceAll(entry, "-", "_"))
}

// runtimeEnv are the variables of the runtime for a container of the component's own image.
func (w *workload) runtimeEnv(resources corev1.ResourceRequirements) []corev1.EnvVar {
	if w.runtime.Env == nil {
		return nil
	}
	return w.runtime.Env(resources)
}

// joinEnv puts generated variables first, so that $(MAIN_HOST) composes, then the user's. A name stands once, and its last
// value counts: the user's.
func joinEnv(generated, runtime []corev1.EnvVar, declared []v1alpha1.EnvVar) []corev1.EnvVar {
	all := make([]corev1.EnvVar, 0, len(generated)+len(runtime)+len(declared))
	all = append(append(all, generated...), runtime...)
	for i := range declared {
		all = append(all, envVar(&declared[i]))
	}
	return lastOfEachName(all)
}

func lastOfEachName(all []corev1.EnvVar) []corev1.EnvVar {
	last := make(map[string]int, len(all))
	for i := range all {
		last[all[i].Name] = i
	}
	var kept []corev1.EnvVar
	for i := range all {
		if last[all[i].Name] == i {
			kept = append(kept, all[i])
		}
	}
	return kept
}

func envVar(declared *v1alpha1.EnvVar) corev1.EnvVar {
	result := corev1.EnvVar{Name: declared.Name}
	if declared.Value != nil {
		result.Value = *declared.Value
	}
	if declared.ValueFrom != nil {
		result.ValueFrom = envVarSource(declared.ValueFrom)
	}
	return result
}

func envVarSource(declared *v1alpha1.EnvVarSource) *corev1.EnvVarSource {
	switch {
	case declared.SecretKeyRef != nil:
		ref := declared.SecretKeyRef
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Key: ref.Key, Optional: ref.Optional,
		}}
	case declared.ConfigMapKeyRef != nil:
		ref := declared.ConfigMapKeyRef
		return &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Key: ref.Key, Optional: ref.Optional,
		}}
	case declared.FieldRef != nil:
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: declared.FieldRef.FieldPath}}
	case declared.ResourceFieldRef != nil:
		selector := &corev1.ResourceFieldSelector{Resource: declared.ResourceFieldRef.Resource}
		if divisor := declared.ResourceFieldRef.Divisor; divisor != nil {
			selector.Divisor = *divisor
		}
		return &corev1.EnvVarSource{ResourceFieldRef: selector}
	}
	return nil
}

func envFrom(declared []v1alpha1.EnvFromSource) []corev1.EnvFromSource {
	var sources []corev1.EnvFromSource
	for _, from := range declared {
		source := corev1.EnvFromSource{Prefix: from.Prefix}
		if ref := from.SecretRef; ref != nil {
			source.SecretRef = &corev1.SecretEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Optional: ref.Optional,
			}
		}
		if ref := from.ConfigMapRef; ref != nil {
			source.ConfigMapRef = &corev1.ConfigMapEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name}, Optional: ref.Optional,
			}
		}
		sources = append(sources, source)
	}
	return sources
}
