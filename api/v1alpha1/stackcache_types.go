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
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 44",message="the name may have at most 44 characters, so that every child name fits its limit"
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="ENGINE",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="VERSION",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PROVIDER",type=string,priority=1,JSONPath=`.status.provider`
// +kubebuilder:printcolumn:name="CLAIMED BY",type=string,priority=1,JSONPath=`.status.claimedBy.stack`
// +kubebuilder:printcolumn:name="HOST",type=string,priority=1,JSONPath=`.status.endpoint.host`
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
	Status DataServiceStatus `json:"status,omitempty"`
}

// StackCacheSpec is the cache that is wanted.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="self.engine == 'Memcached' || !has(self.shards)",message="shards goes with the engine Memcached"
// +kubebuilder:validation:XValidation:rule="self.engine != 'Memcached' || !has(self.persistence) || self.persistence == 'None'",message="Memcached has no persistence"
// +kubebuilder:validation:XValidation:rule="self.engine != 'Memcached' || !has(self.evictionPolicy)",message="Memcached has no evictionPolicy"
// +kubebuilder:validation:XValidation:rule="has(self.storage) ? has(self.persistence) && self.persistence == 'Durable' : true",message="storage goes with persistence: Durable"
// +kubebuilder:validation:XValidation:rule="(has(self.persistence) ? self.persistence : 'None') == (has(oldSelf.persistence) ? oldSelf.persistence : 'None')",message="persistence is immutable"
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
	// PersistenceDurable writes an append-only file to a retained claim and evicts nothing.
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
type CacheSettings struct {
	// shards is the number of independent nodes; clients hash keys over them. Only Memcached. Default 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	// +optional
	Shards *int32 `json:"shards,omitempty"`

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
