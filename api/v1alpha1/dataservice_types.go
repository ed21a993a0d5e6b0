package v1alpha1

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Provider says who serves a data service.
// +kubebuilder:validation:Enum=Auto;Builtin
type Provider string

// Providers.
const (
	// ProviderAuto takes the first provider that can serve; the choice is recorded and sticks.
	ProviderAuto Provider = "Auto"
	// ProviderBuiltin is made of native objects and needs nothing installed.
	ProviderBuiltin Provider = "Builtin"
)

// DataServiceSpec is what databases, caches and queues have in common.
type DataServiceSpec struct {
	// version of the engine, from the class's image catalog. Omitted: the catalog's first of the engine; the choice is
	// recorded and sticks.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[0-9]+(\.[0-9]+)*$`
	// +optional
	Version string `json:"version,omitempty"`

	// stackClassName names the StackClass whose policy applies. Omitted: the stack's, or the default class.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	StackClassName string `json:"stackClassName,omitempty"`

	// size names an amount of CPU and memory: Nano (25m, 128Mi), Micro (100m, 256Mi), Small (250m, 512Mi; the default), Medium
	// (500m, 1Gi), Large (1, 2Gi), XLarge (2, 4Gi), or one of the class, which may redefine these. The engine's memory
	// settings follow it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Size string `json:"size,omitempty"`

	// resources override the size.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// placement names a placement of the class.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Placement string `json:"placement,omitempty"`

	// storage is the claim of each pod.
	// +optional
	Storage *Storage `json:"storage,omitempty"`

	// parameters are settings of the engine, under the engine's own names. PostgreSQL and MySQL take all but those that
	// the operator sets itself and those that name a file, an address or a library, or would run a command. MongoDB takes options as mongod.conf has
	// them, in one line: operationProfiling.slowOpThresholdMs, setParameter.cursorTimeoutMillis. Valkey and Redis take those of
	// limits, encodings, expiry, latency and notifications. Memcached takes the options conn-limit, listen-backlog,
	// max-item-size, max-reqs-per-event, slab-growth-factor, slab-min-size and threads. RabbitMQ takes channel_max,
	// channel_max_per_node, classic_queue.default_version, collect_statistics_interval, connection_max, consumer_timeout,
	// default_queue_type, disk_free_limit.*, frame_max, handshake_timeout, heartbeat, max_message_size, queue_leader_locator,
	// raft.segment_max_entries, raft.wal_max_size_bytes, tcp_listen_options (backlog, nodelay, recbuf, sndbuf),
	// vm_memory_high_watermark.*, and some of quorum_queue.* and deprecated_features.permit.*. What is refused is told with those
	// that are taken, but for PostgreSQL and MySQL.
	// +optional
	Parameters Parameters `json:"parameters,omitempty"`

	// tls is encryption in transit.
	// +optional
	TLS *ServiceTLS `json:"tls,omitempty"`

	// credentials says when the logins of the stacks that use the service are replaced. Omitted: never.
	// +optional
	Credentials *Credentials `json:"credentials,omitempty"`

	// metrics tells in the format of Prometheus what the servers do. Omitted: nothing is told. Bindings have the keys metrics-host
	// and metrics-port, and spec.monitoring of the class says who may read.
	// +optional
	Metrics *ServiceMetrics `json:"metrics,omitempty"`

	// restartedAt restarts the service when it changes.
	// +optional
	RestartedAt *metav1.Time `json:"restartedAt,omitempty"`

	// suspend stops the service. Data on claims is kept; a cache with persistence None starts empty again.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// deletionPolicy is Retain (default) or Delete. Delete also needs the annotation stackwright.dev/confirm-deletion with
	// the object's name at the moment of deletion; without it, it acts as Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// Parameters are settings of an engine, under the engine's own names.
//
// +kubebuilder:object:generate=false
// +kubebuilder:validation:MaxProperties=64
// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-z][a-zA-Z0-9_.-]{0,62}$'))",message="parameters have names of letters, digits, '_', '.' and '-', at most 63, and begin with a lower-case letter"
type Parameters map[string]ParameterValue

// ParameterValue is the value of one parameter: one line. As an alias it leaves Parameters assignable to a plain map.
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:Pattern=`^[^\r\n]*$`
type ParameterValue = string

// DeepCopy returns a copy.
func (p Parameters) DeepCopy() Parameters { return maps.Clone(p) }

// Storage is the claim of each pod of a data service.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.size) || (has(self.size) && quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0)",fieldPath=".size",message="size only grows, and cannot be removed once it is set"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storageClassName) || (has(self.storageClassName) && self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="storageClassName is immutable once it is set"
type Storage struct {
	// size is the capacity that is requested. It only grows.
	// +optional
	Size Capacity `json:"size,omitempty"`

	// storageClassName is the storage class. Omitted: the stack class's default, else the cluster's. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName string `json:"storageClassName,omitempty"`
}

// TLSMode says whether connections are encrypted.
// +kubebuilder:validation:Enum=Required;Preferred;Disabled
type TLSMode string

// TLS modes.
const (
	// TLSRequired refuses connections in clear text.
	TLSRequired TLSMode = "Required"
	// TLSPreferred accepts both. For caches and queues the binding's uri is the one in clear text, which every client library
	// speaks without settings, and tls-uri the encrypted one.
	TLSPreferred TLSMode = "Preferred"
	// TLSDisabled has no encryption.
	TLSDisabled TLSMode = "Disabled"
)

// ServiceTLS is encryption in transit.
type ServiceTLS struct {
	// mode is Required (default of databases), Preferred (default of caches and queues, but of Memcached) or Disabled
	// (default of Memcached).
	// +required
	Mode TLSMode `json:"mode,omitempty"`
}

// ServiceMetrics tells what the servers do: by an exporter for each, in a pod of its own, or, of RabbitMQ, by the brokers themselves.
type ServiceMetrics struct{}

// DeletionPolicy says what happens to the data when the object is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// Deletion policies.
const (
	// DeletionRetain keeps the claims.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete removes the claims when deletion is confirmed.
	DeletionDelete DeletionPolicy = "Delete"
)

// AccessMode is what a consumer may do.
// +kubebuilder:validation:Enum=Owner;ReadWrite;ReadOnly
type AccessMode string

// Access modes, from most to least.
const (
	// AccessOwner may change the schema.
	AccessOwner AccessMode = "Owner"
	// AccessReadWrite may read and change rows.
	AccessReadWrite AccessMode = "ReadWrite"
	// AccessReadOnly may read.
	AccessReadOnly AccessMode = "ReadOnly"
)

// NamespacesFrom says which namespaces are meant.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

// Namespace choices.
const (
	// NamespacesSame is the object's own namespace.
	NamespacesSame NamespacesFrom = "Same"
	// NamespacesAll is every namespace.
	NamespacesAll NamespacesFrom = "All"
	// NamespacesSelector is every namespace whose labels match.
	NamespacesSelector NamespacesFrom = "Selector"
)

// NamespaceGrant says which namespaces are meant.
//
// +kubebuilder:validation:XValidation:rule="has(self.selector) == (self.from == 'Selector')",message="selector goes with from: Selector"
type NamespaceGrant struct {
	// from is Same, All or Selector.
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// selector matches the labels of namespaces.
	// +optional
	Selector *NamespaceSelector `json:"selector,omitempty"`
}

// ServiceEndpoint is where a data service answers.
type ServiceEndpoint struct {
	// host is a DNS name inside the cluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Host string `json:"host,omitempty"`

	// port is the number.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`
}

// Claimant is the stack entry that made a data service.
type Claimant struct {
	// stack is the BackendStack's name, in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Stack string `json:"stack,omitempty"`

	// entry is the entry's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Entry string `json:"entry,omitempty"`
}

// ConsumerStatus tells of one stack that uses a data service.
type ConsumerStatus struct {
	// namespace of the stack.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace string `json:"namespace,omitempty"`

	// stack is its name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Stack string `json:"stack,omitempty"`

	// entry is the name under which the stack uses it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Entry string `json:"entry,omitempty"`

	// access that is granted.
	// +optional
	Access AccessMode `json:"access,omitempty"`

	// database is the database or virtual host that the stack gets.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Database string `json:"database,omitempty"`

	// binding names the Secret in the stack's namespace. Empty: the stack is not admitted.
	// +optional
	Binding *BindingReference `json:"binding,omitempty"`

	// madeAt is when the login of the binding was made.
	// +optional
	MadeAt *metav1.Time `json:"madeAt,omitempty"`

	// earlier names the Secret of the login before, which works until no pod of the stack uses it any more.
	// +optional
	Earlier *BindingReference `json:"earlier,omitempty"`

	// ready says whether the login works.
	// +kubebuilder:validation:Enum=True;False;Unknown
	// +required
	Ready metav1.ConditionStatus `json:"ready,omitempty"`

	// reason is a word for the state.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`
}

// DataServiceStatus is what was observed of a data service.
type DataServiceStatus struct {
	// conditions are Ready, Available, Reconciling, Stalled, UpdateAvailable, with metrics MetricsReady and, of a broker, TopologyReady.
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

	// provider is who serves it, as recorded.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Provider string `json:"provider,omitempty"`

	// version of the engine, as recorded.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Version string `json:"version,omitempty"`

	// image that runs, as recorded.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// endpoint is where it answers.
	// +optional
	Endpoint *ServiceEndpoint `json:"endpoint,omitempty"`

	// certificate is that of the service; empty without TLS.
	// +optional
	Certificate *CertificateStatus `json:"certificate,omitempty"`

	// binding is the Secret of the stack that made it, as a Provisioned Service of servicebinding.io.
	// +optional
	Binding *BindingReference `json:"binding,omitempty"`

	// claimedBy is the stack entry that made it; empty once that is gone.
	// +optional
	ClaimedBy *Claimant `json:"claimedBy,omitempty"`

	// consumers are the stacks that use it.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=512
	// +optional
	Consumers []ConsumerStatus `json:"consumers,omitempty"`

	// capabilities says of every declared capability whether it is enforced.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Capabilities []CapabilityVerdict `json:"capabilities,omitempty"`
}
