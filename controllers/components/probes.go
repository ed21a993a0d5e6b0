package components

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// timing of a probe, as documented on the type Probe.
type timing struct {
	periodSeconds, timeoutSeconds, failureThreshold int32
}

var (
	// startupTiming gives a container three minutes, and finds it ready within two seconds.
	startupTiming = timing{periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 90}
	steadyTiming  = timing{periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3}
)

// setProbes sets the probes that the user gave and generates the others. Liveness never asks for the health path: an
// application that answers "my database is down" must not be killed for it.
func (w *workload) setProbes(container *corev1.Container) {
	declared := w.Spec.Probes
	if declared == nil {
		declared = &v1alpha1.ComponentProbes{}
	}
	container.StartupProbe = w.probe(declared.Startup, w.healthProbe(), startupTiming)
	container.ReadinessProbe = w.probe(declared.Readiness, w.healthProbe(), steadyTiming)
	container.LivenessProbe = w.probe(declared.Liveness, w.connectionProbe(), steadyTiming)
}

// probe is the declared one, else the generated one, else none.
func (w *workload) probe(declared, generated *v1alpha1.Probe, defaults timing) *corev1.Probe {
	if declared == nil {
		declared = generated
	}
	if declared == nil {
		return nil
	}
	return &corev1.Probe{
		ProbeHandler:        w.probeHandler(declared),
		InitialDelaySeconds: orDefault(declared.InitialDelaySeconds, 0),
		PeriodSeconds:       orDefault(declared.PeriodSeconds, defaults.periodSeconds),
		TimeoutSeconds:      orDefault(declared.TimeoutSeconds, defaults.timeoutSeconds),
		FailureThreshold:    orDefault(declared.FailureThreshold, defaults.failureThreshold),
	}
}

// healthProbe asks for the health path where there is one.
func (w *workload) healthProbe() *v1alpha1.Probe {
	connection := w.connectionProbe()
	if connection == nil || w.Spec.HealthPath == "" {
		return connection
	}
	return &v1alpha1.Probe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: w.Spec.HealthPath}}
}

// connectionProbe connects to the main port; nil where nothing listens.
func (w *workload) connectionProbe() *v1alpha1.Probe {
	if w.Spec.Port == nil || w.runtime.WithoutProbes {
		return nil
	}
	return &v1alpha1.Probe{TCPSocket: &v1alpha1.TCPSocketProbe{}}
}

func (w *workload) probeHandler(declared *v1alpha1.Probe) corev1.ProbeHandler {
	switch {
	case declared.HTTPGet != nil:
		return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: declared.HTTPGet.Path, Port: w.probePort(declared.HTTPGet.Port),
		}}
	case declared.TCPSocket != nil:
		return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: w.probePort(declared.TCPSocket.Port)}}
	case declared.Exec != nil:
		return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: declared.Exec.Command}}
	}
	return corev1.ProbeHandler{}
}

// probePort is the declared port, else the main port, which the CRD asks for then.
func (w *workload) probePort(declared *int32) intstr.IntOrString {
	if declared != nil {
		return intstr.FromInt32(*declared)
	}
	return intstr.FromString(mainPort)
}

func orDefault(declared *int32, otherwise int32) int32 {
	if declared == nil {
		return otherwise
	}
	return *declared
}
