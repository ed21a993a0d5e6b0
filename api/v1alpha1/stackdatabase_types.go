package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DatabaseEngine is an engine of a database.
// +kubebuilder:validation:Enum=PostgreSQL
type DatabaseEngine string

// Database engines.
const (
	// EnginePostgreSQL is PostgreSQL.
	EnginePostgreSQL DatabaseEngine = "PostgreSQL"
)

// StackDatabase is one database with a life of its own. It may serve several stacks.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=sdb,categories=stackwright
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 44",message="the name may have at most 44 characters, so that every child name fits its limit"
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="ENGINE",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="VERSION",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PROVIDER",type=string,priority=1,JSONPath=`.status.provider`
// +kubebuilder:printcolumn:name="CLAIMED BY",type=string,priority=1,JSONPath=`.status.claimedBy.stack`
// +kubebuilder:printcolumn:name="HOST",type=string,priority=1,JSONPath=`.status.endpoint.host`
type StackDatabase struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the database that is wanted.
	// +required
	Spec StackDatabaseSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status DataServiceStatus `json:"status,omitempty"`
}

// StackDatabaseSpec is the database that is wanted.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",message="engine is immutable"
type StackDatabaseSpec struct {
	// engine of the database. Immutable.
	// +required
	Engine DatabaseEngine `json:"engine,omitempty"`

	// provider is Auto (default) or Builtin. The choice is recorded and sticks.
	// +optional
	Provider Provider `json:"provider,omitempty"`

	DatabaseSettings `json:",inline"`
	DataServiceSpec  `json:",inline"`
}

// DatabaseSettings are what databases have besides the common settings.
type DatabaseSettings struct {
	// replicas is the number of read copies besides the primary. Default 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=8
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// allowedConsumers grants other stacks access. The stack that made the database needs no grant.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	AllowedConsumers []DatabaseGrant `json:"allowedConsumers,omitempty"`
}

// DatabaseGrant grants stacks access to databases.
type DatabaseGrant struct {
	// namespaces whose stacks are meant.
	// +required
	Namespaces NamespaceGrant `json:"namespaces,omitzero"`

	// databases that are granted; "*" is every one. Omitted: only a private database of the consumer.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=48
	// +kubebuilder:validation:items:Pattern=`^(\*|[a-z][a-z0-9_]*)$`
	// +listType=set
	// +optional
	Databases []string `json:"databases,omitempty"`

	// maxAccess is the most a consumer may have in a shared database. Default ReadWrite.
	// +optional
	MaxAccess AccessMode `json:"maxAccess,omitempty"`
}

// StackDatabaseList is a list of StackDatabases.
//
// +kubebuilder:object:root=true
type StackDatabaseList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StackDatabase `json:"items"`
}
