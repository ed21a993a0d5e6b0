package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// EnvVar is an environment variable, in the shape of core/v1.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.value) && has(self.valueFrom))",message="value and valueFrom exclude each other"
type EnvVar struct {
	// name of the variable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_.-]*$`
	// +required
	Name string `json:"name,omitempty"`

	// value may refer to variables before it as $(NAME).
	// +kubebuilder:validation:MaxLength=32768
	// +optional
	Value *string `json:"value,omitempty"`

	// valueFrom reads the value from elsewhere.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is where a variable's value stands.
//
// +kubebuilder:validation:XValidation:rule="[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",message="exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef is needed"
type EnvVarSource struct {
	// secretKeyRef is a key of a Secret in the stack's namespace.
	// +optional
	SecretKeyRef *KeyReference `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap in the stack's namespace.
	// +optional
	ConfigMapKeyRef *KeyReference `json:"configMapKeyRef,omitempty"`

	// fieldRef is a field of the pod.
	// +optional
	FieldRef *FieldReference `json:"fieldRef,omitempty"`

	// resourceFieldRef is a resource of the container.
	// +optional
	ResourceFieldRef *ResourceFieldReference `json:"resourceFieldRef,omitempty"`
}

// KeyReference names a key of a Secret or ConfigMap.
type KeyReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`

	// key in the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +required
	Key string `json:"key,omitempty"`

	// optional lets the pod start without it.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}

// FieldReference names a field of the pod.
type FieldReference struct {
	// fieldPath such as metadata.name or status.podIP.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	FieldPath string `json:"fieldPath,omitempty"`
}

// ResourceFieldReference names a resource of the container.
//
// +kubebuilder:validation:XValidation:rule="!has(self.divisor) || quantity(string(self.divisor)).isGreaterThan(quantity('0'))",fieldPath=".divisor",message="divisor must be positive"
type ResourceFieldReference struct {
	// resource such as limits.memory.
	// +kubebuilder:validation:Enum=limits.cpu;limits.memory;requests.cpu;requests.memory
	// +required
	Resource string `json:"resource,omitempty"`

	// divisor is the unit of the value. Default 1.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Divisor *resource.Quantity `json:"divisor,omitempty"`
}

// EnvFromSource sets all keys of a Secret or ConfigMap as variables.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="exactly one of secretRef and configMapRef is needed"
type EnvFromSource struct {
	// prefix is put before each key.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_.-]*$`
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// secretRef names a Secret in the stack's namespace.
	// +optional
	SecretRef *OptionalReference `json:"secretRef,omitempty"`

	// configMapRef names a ConfigMap in the stack's namespace.
	// +optional
	ConfigMapRef *OptionalReference `json:"configMapRef,omitempty"`
}

// OptionalReference names an object that may be missing.
type OptionalReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`

	// optional lets the pod start without it.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}

// ComponentVolume is a volume of one component.
//
// +kubebuilder:validation:XValidation:rule="[has(self.emptyDir), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",message="exactly one of emptyDir, configMap and secret is needed"
type ComponentVolume struct {
	// name of the volume.
	// +required
	Name EntryName `json:"name,omitempty"`

	// emptyDir is a folder that lives as long as the pod.
	// +optional
	EmptyDir *EmptyDirVolume `json:"emptyDir,omitempty"`

	// configMap shows the keys of a ConfigMap as files.
	// +optional
	ConfigMap *ConfigMapVolume `json:"configMap,omitempty"`

	// secret shows the keys of a Secret as files.
	// +optional
	Secret *SecretVolume `json:"secret,omitempty"`
}

// EmptyDirMedium is where an emptyDir is kept.
// +kubebuilder:validation:Enum=Memory
type EmptyDirMedium string

// EmptyDirMemory keeps the folder in memory.
const EmptyDirMemory EmptyDirMedium = "Memory"

// EmptyDirVolume is a folder that lives as long as the pod.
//
// +kubebuilder:validation:XValidation:rule="!has(self.sizeLimit) || quantity(string(self.sizeLimit)).isGreaterThan(quantity('0'))",fieldPath=".sizeLimit",message="sizeLimit must be positive"
type EmptyDirVolume struct {
	// medium Memory keeps the folder in memory, which counts against the container's limit.
	// +optional
	Medium EmptyDirMedium `json:"medium,omitempty"`

	// sizeLimit is the most it may hold.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +optional
	SizeLimit *resource.Quantity `json:"sizeLimit,omitempty"`
}

// KeyToPath shows one key under a path.
type KeyToPath struct {
	// key in the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +required
	Key string `json:"key,omitempty"`

	// path of the file below the mount: relative; the segments . and .. are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)(/([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+))*$`
	// +required
	Path string `json:"path,omitempty"`
}

// ConfigMapVolume shows the keys of a ConfigMap as files.
type ConfigMapVolume struct {
	// name of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`

	// items are the keys to show. Omitted: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Items []KeyToPath `json:"items,omitempty"`

	// optional lets the pod start without it.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}

// SecretVolume shows the keys of a Secret as files.
type SecretVolume struct {
	// secretName is the name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +required
	SecretName string `json:"secretName,omitempty"`

	// items are the keys to show. Omitted: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Items []KeyToPath `json:"items,omitempty"`

	// optional lets the pod start without it.
	// +optional
	Optional *bool `json:"optional,omitempty"`
}

// VolumeMount mounts a volume of the component or of the stack.
type VolumeMount struct {
	// name of the volume.
	// +required
	Name EntryName `json:"name,omitempty"`

	// mountPath in the container: absolute, without a slash at the end; colons and the segments . and .. are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^(/([^/.:][^/:]*|\.[^/.:][^/:]*|\.\.[^/:]+))+$`
	// +kubebuilder:validation:XValidation:rule="self != '/bindings' && !self.startsWith('/bindings/')",message="/bindings holds the bindings of the services in uses"
	// +required
	MountPath string `json:"mountPath,omitempty"`

	// subPath is a folder of the volume: relative; the segments . and .. are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)(/([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+))*$`
	// +optional
	SubPath string `json:"subPath,omitempty"`

	// readOnly mounts it without write access.
	// +optional
	ReadOnly *bool `json:"readOnly,omitempty"`
}

// InitContainerRestartPolicy makes an init container a sidecar.
// +kubebuilder:validation:Enum=Always
type InitContainerRestartPolicy string

// InitContainerAlways makes an init container a sidecar.
const InitContainerAlways InitContainerRestartPolicy = "Always"

// InitContainer runs before the component, or beside it as a sidecar.
type InitContainer struct {
	// name of the container.
	// +required
	Name EntryName `json:"name,omitempty"`

	// image to run. Omitted: the component's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[^\s]+$`
	// +optional
	Image string `json:"image,omitempty"`

	// command replaces the image's entrypoint.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=8192
	// +listType=atomic
	// +optional
	Command []string `json:"command,omitempty"`

	// args replace the image's arguments.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=8192
	// +listType=atomic
	// +optional
	Args []string `json:"args,omitempty"`

	// env is set besides the component's generated variables.
	// +kubebuilder:validation:MaxItems=128
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`

	// resources of the container. Omitted: those of the size Nano.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// volumeMounts mount volumes of the component or of the stack.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=mountPath
	// +optional
	VolumeMounts []VolumeMount `json:"volumeMounts,omitempty"`

	// restartPolicy Always makes it a sidecar.
	// +optional
	RestartPolicy InitContainerRestartPolicy `json:"restartPolicy,omitempty"`
}
