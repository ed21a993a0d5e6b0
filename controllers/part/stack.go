package part

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Stack is one BackendStack with everything resolved.
type Stack struct {
	// Namespace and Name identify the stack.
	Namespace, Name string
	// Suspended scales components to zero.
	Suspended bool
	// Production raises floors.
	Production bool
	// ClusterDomain is the DNS domain of the cluster, such as cluster.local.
	ClusterDomain string
	// Components in the order of the spec.
	Components []Component
	// Dependencies in the order databases, caches, queues, bindings.
	Dependencies []Dependency
	// Claims of the volumes that components share.
	Claims []Claim
	// LoadBalancer serves the routes; nil when no component has one.
	LoadBalancer *LoadBalancer
}

// Component is one component with defaults merged in.
type Component struct {
	// Spec is the component as written, with type, runtime, image, env, envFrom and pull Secrets merged with the defaults.
	Spec v1alpha1.Component
	// Image to run, with mirrors applied.
	Image string
	// InitImages are the images of the init containers, in their order, with mirrors applied.
	InitImages []string
	// Resources of the container.
	Resources corev1.ResourceRequirements
	// SidecarResources are the resources of init containers that name none.
	SidecarResources corev1.ResourceRequirements
	// Placement of the pods.
	Placement Placement
	// Replicas is the number of pods while no autoscaler decides; the start value when one does.
	Replicas int32
	// Autoscaled says that a HorizontalPodAutoscaler owns the number of pods.
	Autoscaled bool
	// MinReplicas and MaxReplicas bound the autoscaler.
	MinReplicas, MaxReplicas int32
	// RestartedAt is the later of the stack's and the component's, empty when absent.
	RestartedAt string
	// Uses are the services that it connects to, with Secret set.
	Uses []Dependency
	// Calls are the components of the stack that it connects to.
	Calls []Callee
	// Called says that another component, a route or another stack connects to it: it needs a Service.
	Called bool
	// IngressFrom are the peers that may connect to it.
	IngressFrom []Peer
	// EgressTo are the peers inside the cluster that it may connect to, DNS apart.
	EgressTo []Peer
	// Internet opens egress to every public address.
	Internet bool
	// Egress are declared addresses outside the stack, those of external services among them.
	Egress []v1alpha1.EgressRule
}

// Callee is a component that another one calls.
type Callee struct {
	// Name of the component.
	Name string
	// Host is the DNS name of its Service.
	Host string
	// Port is its main port; 0 when it has none.
	Port int32
}

// Port is a port of a network edge.
type Port struct {
	// Number of the port; 0 is every port.
	Number int32
	// Protocol is TCP or UDP.
	Protocol corev1.Protocol
}

// Peer is the other end of a network edge inside the cluster.
type Peer struct {
	// Namespace of the pods; empty is the own namespace.
	Namespace string
	// Labels select the pods.
	Labels map[string]string
	// Ports at the callee; empty is every port.
	Ports []Port
}

// Dependency is a service that components use.
type Dependency struct {
	// Name of the entry.
	Name string
	// Kind is StackDatabase, StackCache, StackQueue or, for external services and bindings, Secret.
	Kind string
	// Engine of the service; empty for bindings.
	Engine string
	// Type of a binding, as in servicebinding.io; empty for services that Stackwright runs.
	Type string
	// Default gives this entry the conventional variables.
	Default bool
	// Secret is the binding Secret in the stack's namespace; empty while it is being made.
	Secret string
	// Keys are the keys of the Secret that are known to exist; nil for a Secret of the user without declared keys.
	Keys []string
	// Renamed maps facts to the keys of a user's Secret where they were declared.
	Renamed *v1alpha1.BindingKeys
	// HasCA says that the binding carries ca.crt.
	HasCA bool
	// CA is the content of ca.crt where it is known: certificates in PEM, which are public. Empty for Secrets of the user.
	CA string
	// PoolSize is how many connections each pod may open, where the user says so; else 0.
	PoolSize int32
	// Egress opens the connections that an external service needs.
	Egress []v1alpha1.EgressRule
}

// Claim is the claim of a volume that components share.
type Claim struct {
	// Entry is the name of the volume in the stack, Name that of the claim.
	Entry, Name string
	// Storage that is requested.
	Storage Storage
	// AccessModes; at least one.
	AccessModes []corev1.PersistentVolumeAccessMode
}

// LoadBalancer serves the routes of a stack.
type LoadBalancer struct {
	// Image of nginx.
	Image Image
	// Replicas of the proxy.
	Replicas int32
	// Placement of the pods.
	Placement Placement
	// Resources of the proxy's container.
	Resources corev1.ResourceRequirements
	// RestartedAt is the stack's, empty when absent.
	RestartedAt string `json:"RestartedAt,omitempty"`
	// Routes in a stable order.
	Routes []Route
}

// Route sends the requests for one hostname and path prefix to a component.
type Route struct {
	// Hostname that is served; empty is any.
	Hostname string
	// Path is a prefix that is matched by whole segments.
	Path string
	// Component, Host and Port are the target.
	Component, Host string
	Port            int32
	// Entry names route and rule, for messages.
	Entry string
}
