package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BackendStack is a whole backend: components and the data services they use.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=bs,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.urls[0]`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="CLASS",type=string,priority=1,JSONPath=`.status.stackClass.name`
// +kubebuilder:printcolumn:name="COMPONENTS",type=string,priority=1,JSONPath=`.status.summary.components`
// +kubebuilder:printcolumn:name="DATABASES",type=string,priority=1,JSONPath=`.status.summary.databases`
// +kubebuilder:printcolumn:name="CACHES",type=string,priority=1,JSONPath=`.status.summary.caches`
// +kubebuilder:printcolumn:name="QUEUES",type=string,priority=1,JSONPath=`.status.summary.queues`
type BackendStack struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the backend that is wanted.
	// +required
	Spec BackendStackSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status BackendStackStatus `json:"status,omitempty"`
}

// BackendStackSpec is the backend that is wanted.
type BackendStackSpec struct {
	// stackClassName names the StackClass whose policy applies. Omitted: the class annotated
	// stackwright.dev/is-default-class, or the built-in defaults while the cluster has no StackClass.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	StackClassName string `json:"stackClassName,omitempty"`

	// suspend scales the components and the stack's own unshared data services to zero. Data is kept.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// restartedAt rolls every component when it changes.
	// +optional
	RestartedAt *metav1.Time `json:"restartedAt,omitempty"`

	// defaults are values that components inherit.
	// +optional
	Defaults *ComponentDefaults `json:"defaults,omitempty"`

	// hostnames serve the routes that name none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// secrets are generated once and never change: Secret <stack>-<name> with one random value per key.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Secrets []GeneratedSecret `json:"secrets,omitempty"`

	// databases are the databases that components use: inline, shared by reference, or external.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Databases []DatabaseEntry `json:"databases,omitempty"`

	// caches are the caches that components use.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Caches []CacheEntry `json:"caches,omitempty"`

	// queues are the message brokers that components use.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Queues []QueueEntry `json:"queues,omitempty"`

	// bindings are other services that components use, each described by a Secret.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Bindings []ServiceBinding `json:"bindings,omitempty"`

	// volumes are claims that components share. They are retained like data.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Volumes []SharedVolume `json:"volumes,omitempty"`

	// components are the servers and workers of the backend.
	// +kubebuilder:validation:MaxItems=48
	// +listType=map
	// +listMapKey=name
	// +optional
	Components []Component `json:"components,omitempty"`
}

// ComponentDefaults are values that components inherit. A component with an image of its own inherits only the pull Secrets.
type ComponentDefaults struct {
	// image runs in every component that names none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// env is set in every component that inherits the image. A component's own entry of the same name wins.
	// +kubebuilder:validation:MaxItems=128
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`

	// envFrom is set in every component that inherits the image, before the component's own.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	EnvFrom []EnvFromSource `json:"envFrom,omitempty"`

	// imagePullSecrets are used by every component, after the component's own.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []LocalReference `json:"imagePullSecrets,omitempty"`
}

// GeneratedSecret is a Secret whose values are generated once.
type GeneratedSecret struct {
	// name is the name of the entry; the Secret is called <stack>-<name>.
	// +required
	Name EntryName `json:"name,omitempty"`

	// generate lists the keys of the Secret. Each gets a random value of 32 URL-safe characters.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:Pattern=`^[-._a-zA-Z0-9]+$`
	// +listType=set
	// +required
	Generate []string `json:"generate,omitempty"`
}

// SharedVolume is a claim that components mount by name.
type SharedVolume struct {
	// name is the name of the entry; the claim is called <stack>-<name>.
	// +required
	Name EntryName `json:"name,omitempty"`

	// size is the capacity that is requested. It only grows.
	// +required
	Size Capacity `json:"size,omitempty"`

	// storageClassName is the storage class. Omitted: the stack class's default, else the cluster's. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName string `json:"storageClassName,omitempty"`

	// accessModes default to ReadWriteOnce. Immutable.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	AccessModes []VolumeAccessMode `json:"accessModes,omitempty"`
}

// VolumeAccessMode says from how many nodes a shared volume is mounted, and how.
// +kubebuilder:validation:Enum=ReadWriteOnce;ReadOnlyMany;ReadWriteMany
type VolumeAccessMode string

// BackendStackStatus is what was observed of a BackendStack.
type BackendStackStatus struct {
	// conditions are Ready, Available, Reconciling, Stalled, UpdateAvailable and one per part.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the status speaks of.
	// +kubebuilder:validation:Minimum=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// stackClass is the class that applies.
	// +optional
	StackClass *ResolvedClass `json:"stackClass,omitempty"`

	// summary counts the parts that are ready, for kubectl.
	// +optional
	Summary *StackSummary `json:"summary,omitempty"`

	// components tells of each component.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Components []ComponentStatus `json:"components,omitempty"`

	// dependencies tells of each database, cache, queue and binding.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=96
	// +optional
	Dependencies []DependencyStatus `json:"dependencies,omitempty"`

	// capabilities says of every declared capability whether it is enforced.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Capabilities []CapabilityVerdict `json:"capabilities,omitempty"`

	// urls are the addresses under which the routes answer.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=512
	// +optional
	URLs []string `json:"urls,omitempty"`
}

// StackSummary counts ready parts, as "ready/wanted".
type StackSummary struct {
	// components that are ready.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Components string `json:"components,omitempty"`

	// databases that are ready.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Databases string `json:"databases,omitempty"`

	// caches that are ready.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Caches string `json:"caches,omitempty"`

	// queues that are ready.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Queues string `json:"queues,omitempty"`
}

// ComponentStatus tells of one component.
type ComponentStatus struct {
	// name is the component's name.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// ready says whether this generation of the component is fully rolled out and answers.
	// +required
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// reason is a word for the state.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`

	// message names the deepest cause and the next step.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// replicas is the number of pods that is wanted.
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of pods that answer their probes.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`
}

// DependencyStatus tells of one entry that components use.
type DependencyStatus struct {
	// name is the entry's name.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// kind is StackDatabase, StackCache, StackQueue or Secret.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Kind string `json:"kind,omitempty"`

	// object is the namespace and name of that object.
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Object string `json:"object,omitempty"`

	// provider is who serves it.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Provider string `json:"provider,omitempty"`

	// endpoint is host and port.
	// +kubebuilder:validation:MaxLength=300
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// ready says whether it answers; Unknown for what is not probed.
	// +required
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// reason is a word for the state.
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`

	// message names the deepest cause and the next step.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
}

// BackendStackList is a list of BackendStacks.
//
// +kubebuilder:object:root=true
type BackendStackList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BackendStack `json:"items"`
}
