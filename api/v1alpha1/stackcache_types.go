package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CacheEngine is an engine of a cache.
// +kubebuilder:validation:Enum=Valkey;Redis;Memcached
type CacheEngine string

// Cache engines.
const (
	// EngineValkey is Valkey.
	EngineValkey CacheEngine = "Valkey"
	// EngineRedis is Redis.
	EngineRedis CacheEngine = "Redis"
	// EngineMemcached is Memcached.
	EngineMemcached CacheEngine = "Memcached"
)

// StackCache is one cache with a life of its own. It may serve several stacks.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=scache,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="ENGINE",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="VERSION",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PROVIDER",type=string,priority=1,JSONPath=`.status.provider`
// +kubebuilder:printcolumn:name="CLAIMED BY",type=string,priority=1,JSONPath=`.status.claimedBy.stack`
// +kubebuilder:printcolumn:name="HOST",type=string,priority=1,JSONPath=`.status.endpoint.host`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 44",message="metadata.name must be a DNS label that starts with a letter and has at most 44 characters, so that every child name fits its limit"
type StackCache struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the cache that is wanted.
	// +required
	Spec StackCacheSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status DataServiceStatus `json:"status,omitzero"`
}

// StackCacheSpec is the cache that is wanted.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="(has(self.persistence) ? self.persistence : 'None') == (has(oldSelf.persistence) ? oldSelf.persistence : 'None')",fieldPath=".persistence",message="persistence is immutable"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
type StackCacheSpec struct {
	// engine of the cache. Immutable.
	// +required
	Engine CacheEngine `json:"engine,omitempty"`

	// provider is Auto (default) or Builtin. The choice is recorded and sticks.
	// +optional
	Provider Provider `json:"provider,omitempty"`

	CacheSettings   `json:",inline"`
	DataServiceSpec `json:",inline"`
}

// CachePersistence says whether a cache keeps its content.
// +kubebuilder:validation:Enum=None;Durable
type CachePersistence string

// Cache persistence.
const (
	// PersistenceNone keeps the content in memory only.
	PersistenceNone CachePersistence = "None"
	// PersistenceDurable writes an append-only file to a retained claim and, by default, evicts nothing.
	PersistenceDurable CachePersistence = "Durable"
)

// EvictionPolicy says what a cache drops when its memory is full.
// +kubebuilder:validation:Enum=NoEviction;AllKeysLRU;AllKeysLFU;AllKeysRandom;VolatileLRU;VolatileLFU;VolatileRandom;VolatileTTL
type EvictionPolicy string

// Eviction policies, as the engine's maxmemory-policy.
const (
	EvictNothing        EvictionPolicy = "NoEviction"
	EvictAllKeysLRU     EvictionPolicy = "AllKeysLRU"
	EvictAllKeysLFU     EvictionPolicy = "AllKeysLFU"
	EvictAllKeysRandom  EvictionPolicy = "AllKeysRandom"
	EvictVolatileLRU    EvictionPolicy = "VolatileLRU"
	EvictVolatileLFU    EvictionPolicy = "VolatileLFU"
	EvictVolatileRandom EvictionPolicy = "VolatileRandom"
	EvictVolatileTTL    EvictionPolicy = "VolatileTTL"
)

// CacheSettings are what caches have besides the common settings.
//
// +kubebuilder:validation:XValidation:rule="!has(self.shards) || !has(self.engine) || self.engine == 'Memcached'",fieldPath=".shards",message="shards go with the engine Memcached"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas == 0 || !has(self.engine) || self.engine != 'Memcached'",fieldPath=".replicas",message="replicas must be 0 with the engine Memcached, whose servers know nothing of each other; it has shards"
// +kubebuilder:validation:XValidation:rule="!has(self.persistence) || self.persistence == 'None' || !has(self.engine) || self.engine != 'Memcached'",fieldPath=".persistence",message="persistence must be None with the engine Memcached"
// +kubebuilder:validation:XValidation:rule="!has(self.evictionPolicy) || !has(self.engine) || self.engine != 'Memcached'",fieldPath=".evictionPolicy",message="evictionPolicy excludes the engine Memcached, which drops what was used least recently"
// +kubebuilder:validation:XValidation:rule="!has(self.storage) || (has(self.persistence) && self.persistence == 'Durable')",fieldPath=".storage",message="storage goes with persistence Durable"
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !has(self.engine) || self.engine == 'Memcached' || self.parameters.all(k, !(k in ['dir', 'dbfilename', 'aclfile', 'acl-pubsub-default', 'requirepass', 'masterauth', 'masteruser', 'primaryauth', 'primaryuser', 'port', 'loadmodule', 'include', 'rename-command', 'user', 'protected-mode', 'pidfile', 'logfile', 'daemonize', 'supervised', 'replicaof', 'slaveof', 'appenddirname', 'appendfilename', 'appendonly', 'maxmemory', 'maxmemory-policy', 'save']) && !['bind', 'tls-', 'unixsocket', 'enable-', 'syslog-', 'cluster-', 'replica-announce-', 'slave-announce-'].exists(p, k.startsWith(p)))",fieldPath=".parameters",message="parameters must not name what the operator sets itself or what loads code: files, folders, addresses, users, modules, tls-*, memory limit and persistence"
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !has(self.engine) || self.engine != 'Memcached' || self.parameters.all(k, k in ['conn-limit', 'listen-backlog', 'max-reqs-per-event', 'slab-min-size', 'threads'] ? self.parameters[k].matches('^[1-9][0-9]*$') : k == 'max-item-size' ? self.parameters[k].matches('^[1-9][0-9]*[km]?$') : k == 'slab-growth-factor' && self.parameters[k].matches('^[1-9]([.][0-9]+)?$'))",fieldPath=".parameters",message="parameters of Memcached are conn-limit, listen-backlog, max-reqs-per-event, slab-min-size and threads (whole numbers), max-item-size (such as 2m) and slab-growth-factor (such as 1.25)"
type CacheSettings struct {
	// shards is the number of independent nodes; clients hash keys over them. Only Memcached. Default 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	// +optional
	Shards *int32 `json:"shards,omitempty"`

	// replicas is the number of read copies besides the primary. With copies, three sentinels elect another primary when it
	// fails. Memcached has none. Default 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=8
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// persistence is None (default) or Durable. Memcached has none. Immutable.
	// +optional
	Persistence CachePersistence `json:"persistence,omitempty"`

	// evictionPolicy says what is dropped when the memory is full. Default AllKeysLRU, with persistence Durable
	// NoEviction. Memcached always drops what was used least recently.
	// +optional
	EvictionPolicy EvictionPolicy `json:"evictionPolicy,omitempty"`

	// allowedConsumers grants other stacks access. The stack that made the cache needs no grant.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	AllowedConsumers []ServiceGrant `json:"allowedConsumers,omitempty"`
}

// ServiceGrant grants stacks access to a cache.
type ServiceGrant struct {
	// namespaces whose stacks are meant.
	// +required
	Namespaces NamespaceGrant `json:"namespaces,omitzero"`
}

// StackCacheList is a list of StackCaches.
//
// +kubebuilder:object:root=true
type StackCacheList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StackCache `json:"items"`
}
