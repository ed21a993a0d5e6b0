package controllers

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestCachedPodsTellTheirBindings: wherever a pod names one, after its spec was dropped, and whatever its annotations say.
func TestCachedPodsTellTheirBindings(t *testing.T) {
	reference := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	variable := func(name string) corev1.EnvVar {
		return corev1.EnvVar{ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: reference(name)}}}
	}
	binding := func(version string) string { return "shop-main-binding-v" + version + "-bcdfg" }
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationBindings: binding("9"), "note": "x"}},
		Spec: corev1.PodSpec{
			NodeName: "one",
			Volumes: []corev1.Volume{
				{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: binding("1")}}},
				{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
					{Secret: &corev1.SecretProjection{LocalObjectReference: reference(binding("2"))}}, {},
				}}}},
				{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "payroll"}}},
			},
			InitContainers: []corev1.Container{{Env: []corev1.EnvVar{variable(binding("3")), {Value: "plain"}}}},
			Containers: []corev1.Container{{
				Env:     []corev1.EnvVar{variable(binding("1"))},
				EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: reference(binding("4"))}}, {}},
			}},
		},
	}
	for range 2 { // an object may come by more than once
		if _, err := slim(pod); err != nil {
			t.Fatal(err)
		}
		if got := bindingsOf(pod); !slices.Equal(got, []string{binding("1"), binding("2"), binding("3"), binding("4")}) {
			t.Errorf("%v", got)
		}
		if len(pod.Spec.Containers) > 0 || pod.Spec.NodeName != "one" || len(pod.Annotations) != 1 {
			t.Errorf("%+v", pod)
		}
	}
}
