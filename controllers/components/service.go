package components

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

const (
	// mainPort is the name of the main port.
	mainPort = "http"
	// clearTextHTTP2 tells proxies to speak HTTP/2 without TLS.
	clearTextHTTP2 = "kubernetes.io/h2c"
)

// service is the address of the component inside the cluster. It goes to ready pods only.
func (w *workload) service() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: w.identity.Meta(w.stack.Namespace, w.name),
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: w.identity.Selector(),
			Ports:    w.servicePorts(),
		},
	}
}

// servicePorts lead to container ports by name: while the number of a port changes, old and new pods both answer.
func (w *workload) servicePorts() []corev1.ServicePort {
	ports := make([]corev1.ServicePort, 0, 1+len(w.Spec.Ports))
	if w.Spec.Port != nil {
		ports = append(ports, kit.TCPPort(mainPort, *w.Spec.Port))
	}
	for _, declared := range w.Spec.Ports {
		port := corev1.ServicePort{
			Name: declared.Name, Port: declared.Port, TargetPort: intstr.FromString(declared.Name),
			Protocol: transport(declared.Protocol),
		}
		if declared.Protocol == v1alpha1.PortGRPC {
			port.AppProtocol = kit.Ptr(clearTextHTTP2)
		}
		ports = append(ports, port)
	}
	return ports
}

func (w *workload) containerPorts() []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	if w.Spec.Port != nil {
		ports = append(ports, corev1.ContainerPort{
			Name: mainPort, ContainerPort: *w.Spec.Port, Protocol: corev1.ProtocolTCP,
		})
	}
	for _, declared := range w.Spec.Ports {
		ports = append(ports, corev1.ContainerPort{
			Name: declared.Name, ContainerPort: declared.Port, Protocol: transport(declared.Protocol),
		})
	}
	return ports
}

func transport(protocol v1alpha1.PortProtocol) corev1.Protocol {
	if protocol == v1alpha1.PortUDP {
		return corev1.ProtocolUDP
	}
	return corev1.ProtocolTCP
}
