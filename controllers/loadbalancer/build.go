// Package loadbalancer serves the routes of a stack from an nginx Deployment behind a Service of type LoadBalancer, so that a
// cluster without a gateway serves HTTP, WebSockets and uploads.
//
// Backends are looked up while nginx runs, with variables in proxy_pass, and not once at its start: a Service that does not
// exist yet, or no longer, must not keep the other routes from being served. The price is a new connection for each request:
// a pool of connections needs an upstream block, and nginx looks names up again in one only from 1.27.3 on. The address of the
// name server is the pod's own, which the start script puts in.
package loadbalancer

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	servicePort = 80
	httpPort    = 8080
	healthPort  = 8081

	configDir = "/etc/stackwright"
	tmpDir    = "/tmp"

	configVolume = "config"
	tmpVolume    = "tmp"

	// stopSeconds exceeds the pause of the stop script and the time that running requests get after it.
	stopSeconds = 60
)

// Build returns the objects of the stack's load balancer: none without routes.
func Build(s *part.Stack) (part.Output, error) {
	var output part.Output
	balancer := s.LoadBalancer
	if balancer == nil {
		return output, nil
	}
	config, err := config(s)
	if err != nil {
		return output, err
	}
	identity := kit.LoadBalancerIdentity(s.Name)
	output.Add(
		&corev1.ServiceAccount{
			ObjectMeta:                   identity.Meta(s.Namespace, name(s)),
			AutomountServiceAccountToken: kit.Ptr(false),
		},
		config,
		service(s, identity),
		networkPolicy(s, identity),
		deployment(s, identity, config.Name),
	)
	if balancer.Replicas > 1 {
		output.Add(kit.DisruptionBudget(identity, s.Namespace, name(s)))
	}
	addVerdicts(balancer.Routes, &output)
	return output, nil
}

// name is that of every object but the configuration.
func name(s *part.Stack) string { return kit.Child(s.Name, "lb") }

func service(s *part.Stack, identity kit.Identity) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: identity.Meta(s.Namespace, name(s)),
		Spec: corev1.ServiceSpec{
			Type:                  corev1.ServiceTypeLoadBalancer,
			ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyCluster,
			Selector:              identity.Selector(),
			Ports: []corev1.ServicePort{{
				Name: "http", Port: servicePort, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}

func deployment(s *part.Stack, identity kit.Identity, config string) *appsv1.Deployment {
	replicas := s.LoadBalancer.Replicas
	if s.Suspended {
		replicas = 0
	}
	result := &appsv1.Deployment{
		ObjectMeta: identity.Meta(s.Namespace, name(s)),
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: identity.Selector()},
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: kit.Ptr(intstr.FromInt32(0)), MaxSurge: kit.Ptr(intstr.FromInt32(1)),
				},
			},
			RevisionHistoryLimit: kit.Ptr(int32(2)),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{
					Labels: identity.Labels(), Annotations: kit.RestartAnnotations(s.LoadBalancer.RestartedAt),
				},
				Spec: podSpec(s, identity, config),
			},
		},
	}
	kit.SetInputs(result, newTemplateInputs(s.LoadBalancer))
	return result
}

func podSpec(s *part.Stack, identity kit.Identity, config string) corev1.PodSpec {
	pod := kit.PodSpec(s.LoadBalancer.Placement, kit.EngineUser(s.LoadBalancer.Image), container(s))
	pod.ServiceAccountName = name(s)
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(stopSeconds))
	pod.TopologySpreadConstraints = kit.Spread(identity.Selector())
	pod.Volumes = []corev1.Volume{kit.ConfigVolume(configVolume, config, 0o444), kit.EmptyDir(tmpVolume, "64Mi")}
	return pod
}

// container stops in three steps: endpoints forget the pod, running requests end, nginx ends. The script waits for the last
// one, because the signal that follows it would cut requests off.
func container(s *part.Stack) corev1.Container {
	health := func(period, failures int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: healthPath, Port: intstr.FromString("health")}},
			PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: 3,
		}
	}
	return corev1.Container{
		Name: "nginx", Image: s.LoadBalancer.Image.Name,
		Command: script(startScript),
		Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: httpPort, Protocol: corev1.ProtocolTCP},
			{Name: "health", ContainerPort: healthPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:       s.LoadBalancer.Resources,
		SecurityContext: kit.Restricted(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: configVolume, MountPath: configDir, ReadOnly: true}, {Name: tmpVolume, MountPath: tmpDir},
		},
		Lifecycle: &corev1.Lifecycle{
			PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: script(stopScript)}},
		},
		StartupProbe:   health(1, 60),
		ReadinessProbe: health(5, 2),
		LivenessProbe:  health(20, 6),
	}
}

func script(name string) []string { return []string{"sh", configDir + "/" + name} }
