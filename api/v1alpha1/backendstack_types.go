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
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 41",message="metadata.name must be a DNS label that starts with a letter and has at most 41 characters"
// +kubebuilder:validation:XValidation:rule="(!has(self.spec.components) || self.spec.components.all(e, size(self.metadata.name) + size(e.name) <= 43)) && (!has(self.spec.databases) || self.spec.databases.all(e, size(self.metadata.name) + size(e.name) <= 43)) && (!has(self.spec.caches) || self.spec.caches.all(e, size(self.metadata.name) + size(e.name) <= 43)) && (!has(self.spec.queues) || self.spec.queues.all(e, size(self.metadata.name) + size(e.name) <= 43)) && (!has(self.spec.bindings) || self.spec.bindings.all(e, size(self.metadata.name) + size(e.name) <= 43))",message="metadata.name and the name of each component, database, cache, queue and binding may have at most 43 characters together, so that every child name fits its limit"
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
	Status BackendStackStatus `json:"status,omitzero"`
}

// BackendStackSpec is the backend that is wanted.
//
// +kubebuilder:validation:XValidation:rule="!has(self.components) || !sets.intersects(self.components.map(e, e.name), (has(self.databases) ? self.databases.map(e, e.name) : []) + (has(self.caches) ? self.caches.map(e, e.name) : []) + (has(self.queues) ? self.queues.map(e, e.name) : []) + (has(self.bindings) ? self.bindings.map(e, e.name) : []))",fieldPath=".components",message="a name stands once among components, databases, caches, queues and bindings; one of components has the name of another entry"
// +kubebuilder:validation:XValidation:rule="!has(self.databases) || !sets.intersects(self.databases.map(e, e.name), (has(self.caches) ? self.caches.map(e, e.name) : []) + (has(self.queues) ? self.queues.map(e, e.name) : []) + (has(self.bindings) ? self.bindings.map(e, e.name) : []))",fieldPath=".databases",message="a name stands once among components, databases, caches, queues and bindings; one of databases has the name of another entry"
// +kubebuilder:validation:XValidation:rule="!has(self.caches) || !sets.intersects(self.caches.map(e, e.name), (has(self.queues) ? self.queues.map(e, e.name) : []) + (has(self.bindings) ? self.bindings.map(e, e.name) : []))",fieldPath=".caches",message="a name stands once among components, databases, caches, queues and bindings; one of caches has the name of another entry"
// +kubebuilder:validation:XValidation:rule="!has(self.queues) || !sets.intersects(self.queues.map(e, e.name), (has(self.bindings) ? self.bindings.map(e, e.name) : []))",fieldPath=".queues",message="a name stands once among components, databases, caches, queues and bindings; one of queues has the name of another entry"
// +kubebuilder:validation:XValidation:rule="(!has(self.databases) || !sets.intersects(self.databases.map(d, d.name + '-replica'), (has(self.components) ? self.components.map(e, e.name) : []) + (has(self.databases) ? self.databases.map(e, e.name) : []) + (has(self.caches) ? self.caches.map(e, e.name) : []) + (has(self.queues) ? self.queues.map(e, e.name) : []))) && (!has(self.queues) || !sets.intersects(self.queues.map(q, q.name + '-nodes'), (has(self.components) ? self.components.map(e, e.name) : []) + (has(self.databases) ? self.databases.map(e, e.name) : []) + (has(self.caches) ? self.caches.map(e, e.name) : []) + (has(self.queues) ? self.queues.map(e, e.name) : [])))",message="a name must not be that of a database with -replica after it, nor of a queue with -nodes after it: objects of theirs are called so"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || self.components.all(c, !has(c.uses) || sets.contains((has(self.components) ? self.components.map(e, e.name) : []) + (has(self.databases) ? self.databases.map(e, e.name) : []) + (has(self.caches) ? self.caches.map(e, e.name) : []) + (has(self.queues) ? self.queues.map(e, e.name) : []) + (has(self.bindings) ? self.bindings.map(e, e.name) : []), c.uses))",fieldPath=".components",message="uses must name components, databases, caches, queues and bindings of the stack"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || size(self.components) <= 1 || self.components.all(c, has(c.uses) || !has(c.image))",fieldPath=".components",reason=FieldValueRequired,message="uses is needed in every component with an image of its own when there are several; an empty list is nothing"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || (has(self.defaults) && has(self.defaults.image)) || self.components.all(c, has(c.image))",fieldPath=".components",reason=FieldValueRequired,message="image is needed in every component, or once in defaults.image"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || self.components.all(c, !has(c.allowFrom) || sets.contains(self.components.map(e, e.name), c.allowFrom.filter(a, !has(a.__namespace__)).map(a, a.component)))",fieldPath=".components",message="allowFrom must name a component of the stack, or namespace and stack of another"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || self.components.all(c, !has(c.volumeMounts) || sets.contains((has(self.volumes) ? self.volumes.map(v, v.name) : []) + (has(c.volumes) ? c.volumes.map(v, v.name) : []), c.volumeMounts.map(m, m.name)))",fieldPath=".components",message="volumeMounts must name volumes of the component or of the stack"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || self.components.all(c, !has(c.initContainers) || c.initContainers.all(i, !has(i.volumeMounts) || sets.contains((has(self.volumes) ? self.volumes.map(v, v.name) : []) + (has(c.volumes) ? c.volumes.map(v, v.name) : []), i.volumeMounts.map(m, m.name))))",fieldPath=".components",message="volumeMounts of initContainers must name volumes of the component or of the stack"
// +kubebuilder:validation:XValidation:rule="!has(self.components) || !has(self.volumes) || !self.components.exists(c, has(c.volumes) && c.volumes.exists(v, self.volumes.exists(s, s.name == v.name)))",fieldPath=".components",message="a volume of a component must not have the name of one of the stack's volumes"
type BackendStackSpec struct {
	// stackClassName names the StackClass whose policy applies. Omitted: the class annotated
	// stackwright.dev/is-default-class, or the built-in defaults while the cluster has no StackClass.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	StackClassName string `json:"stackClassName,omitempty"`

	// suspend scales the components and the stack's own unshared data services to zero. Data on claims is kept.
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
	// +kubebuilder:validation:XValidation:rule="self.filter(e, has(e.default) && e.default).size() <= 1",message="default may stand in one of databases"
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Databases []DatabaseEntry `json:"databases,omitempty"`

	// caches are the caches that components use.
	// +kubebuilder:validation:XValidation:rule="self.filter(e, has(e.default) && e.default).size() <= 1",message="default may stand in one of caches"
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Caches []CacheEntry `json:"caches,omitempty"`

	// queues are the message brokers that components use.
	// +kubebuilder:validation:XValidation:rule="self.filter(e, has(e.default) && e.default).size() <= 1",message="default may stand in one of queues"
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
	// +kubebuilder:validation:Pattern=`^[^\s]+$`
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
//
// +kubebuilder:validation:XValidation:rule="quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",fieldPath=".size",message="size only grows"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storageClassName) || (has(self.storageClassName) && self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="storageClassName is immutable once it is set"
// +kubebuilder:validation:XValidation:rule="sets.equivalent(has(self.accessModes) ? self.accessModes : ['ReadWriteOnce'], has(oldSelf.accessModes) ? oldSelf.accessModes : ['ReadWriteOnce'])",fieldPath=".accessModes",message="accessModes are immutable"
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

	// accessModes default to ReadWriteOnce: the pods that mount the volume have to share a node, and are kept on one where the
	// scheduler can. Immutable.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	AccessModes []VolumeAccessMode `json:"accessModes,omitempty"`
}

// VolumeAccessMode says from how many nodes a shared volume is mounted, and how.
// +kubebuilder:validation:Enum=ReadWriteOnce;ReadOnlyMany;ReadWriteMany
type VolumeAccessMode string

// Access modes of shared volumes, as in core/v1.
const (
	VolumeReadWriteOnce VolumeAccessMode = "ReadWriteOnce"
	VolumeReadOnlyMany  VolumeAccessMode = "ReadOnlyMany"
	VolumeReadWriteMany VolumeAccessMode = "ReadWriteMany"
)

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
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Components string `json:"components,omitempty"`

	// databases that are ready.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Databases string `json:"databases,omitempty"`

	// caches that are ready.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Caches string `json:"caches,omitempty"`

	// queues that are ready.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Queues string `json:"queues,omitempty"`
}

// ComponentStatus tells of one component.
type ComponentStatus struct {
	// name is the component's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// ready says whether this generation of the component is fully rolled out and answers.
	// +kubebuilder:validation:Enum=True;False;Unknown
	// +required
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// reason is a word for the state.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`

	// message names the deepest cause and the next step.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// replicas is the number of pods that is wanted.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is the number of pods that answer their probes.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`
}

// DependencyStatus tells of one entry that components use.
type DependencyStatus struct {
	// name is the entry's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// kind is StackDatabase, StackCache, StackQueue or Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Kind string `json:"kind,omitempty"`

	// object is the namespace and name of that object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Object string `json:"object,omitempty"`

	// provider is who serves it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Provider string `json:"provider,omitempty"`

	// endpoint is host and port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// ready says whether it answers; Unknown for what is not probed.
	// +kubebuilder:validation:Enum=True;False;Unknown
	// +required
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// reason is a word for the state.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`

	// message names the deepest cause and the next step.
	// +kubebuilder:validation:MinLength=1
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
