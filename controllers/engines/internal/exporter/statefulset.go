package exporter

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const tlsVolume, configVolume = "tls", "config"

// statefulSet runs the exporters. It is one for the sake of the ordinals.
func (e Exporter) statefulSet(s *part.Service, w Watched, config string) *appsv1.StatefulSet {
	identity := kit.ServiceIdentity(s, w.Role)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Metrics.Image), e.container(s))
	if s.Certificate != nil {
		pod.Volumes = append(pod.Volumes, kit.AuthorityVolume(tlsVolume, s.Certificate.Secret))
	}
	if config != "" {
		pod.Volumes = append(pod.Volumes, kit.ConfigVolume(configVolume, config, 0o444))
	}
	set := &appsv1.StatefulSet{
		ObjectMeta: identity.Meta(s.Namespace, w.Name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:            &w.Servers,
			ServiceName:         w.Name,
			Selector:            &metav1.LabelSelector{MatchLabels: identity.Selector()},
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{
				Labels: identity.Lasting().Labels(), Annotations: annotations(e.Port),
			}, Spec: pod},
		},
	}
	kit.SetInputs(set, newTemplateInputs(s))
	return set
}

func (e Exporter) container(s *part.Service) corev1.Container {
	container := corev1.Container{
		Name: "exporter", Image: s.Metrics.Image.Name, Args: e.Args,
		Env:             slices.Concat([]corev1.EnvVar{ordinal()}, e.Env),
		Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: e.Port, Protocol: corev1.ProtocolTCP}},
		Resources:       resources(),
		SecurityContext: kit.Restricted(),
		// The first page asks no server anything: one that is down is what an exporter has to tell of.
		ReadinessProbe: answers(10, 3),
		LivenessProbe:  answers(20, 6),
	}
	mount := func(name, path string) {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path, ReadOnly: true})
	}
	if s.Certificate != nil {
		mount(tlsVolume, tlsPath)
	}
	if len(e.Files) > 0 {
		mount(configVolume, ConfigPath)
	}
	return container
}

// ordinal is the place of the pod in its StatefulSet. It comes before the variables that name it.
func ordinal() corev1.EnvVar {
	return corev1.EnvVar{Name: "INDEX", ValueFrom: &corev1.EnvVarSource{
		FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.labels['" + appsv1.PodIndexLabel + "']"},
	}}
}

func resources() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi"),
		},
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
	}
}

func answers(period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/", Port: intstr.FromString(portName), Scheme: corev1.URISchemeHTTP,
		}},
		TimeoutSeconds: 5, PeriodSeconds: period, FailureThreshold: failures,
	}
}

// templateInputs is what the pod template is built from: of the servers only what an exporter reaches them with.
type templateInputs struct {
	Image         string              `json:"image,omitempty"`
	User          string              `json:"user,omitempty"`
	Placement     kit.PlacementInputs `json:"placement,omitzero"`
	ClusterDomain string              `json:"clusterDomain,omitempty"`
	Admin         string              `json:"admin,omitempty"`
	Certificate   string              `json:"certificate,omitempty"`
	// TLS decides the port of a server that has another one for it.
	TLS string `json:"tls,omitempty"`
}

func newTemplateInputs(s *part.Service) templateInputs {
	result := templateInputs{
		Image: s.Metrics.Image.Given, User: s.Metrics.Image.GivenUser, Placement: kit.PlacementInputs(s.Placement),
		ClusterDomain: s.ClusterDomain, TLS: string(s.TLS),
	}
	if s.Admin != nil {
		result.Admin = s.Admin.Secret
	}
	if s.Certificate != nil {
		result.Certificate = s.Certificate.Secret
	}
	return result
}
