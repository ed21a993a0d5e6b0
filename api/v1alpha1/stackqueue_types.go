package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// QueueEngine is an engine of a message broker.
// +kubebuilder:validation:Enum=RabbitMQ
type QueueEngine string

// Queue engines.
const (
	// EngineRabbitMQ is RabbitMQ.
	EngineRabbitMQ QueueEngine = "RabbitMQ"
)

// StackQueue is one message broker with a life of its own. It may serve several stacks.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=sq,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="ENGINE",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="VERSION",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PROVIDER",type=string,priority=1,JSONPath=`.status.provider`
// +kubebuilder:printcolumn:name="CLAIMED BY",type=string,priority=1,JSONPath=`.status.claimedBy.stack`
// +kubebuilder:printcolumn:name="HOST",type=string,priority=1,JSONPath=`.status.endpoint.host`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 44",message="metadata.name must be a DNS label that starts with a letter and has at most 44 characters, so that every child name fits its limit"
type StackQueue struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the message broker that is wanted.
	// +required
	Spec StackQueueSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status DataServiceStatus `json:"status,omitzero"`
}

// StackQueueSpec is the message broker that is wanted.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="(has(self.nodes) ? self.nodes : 1) >= (has(oldSelf.nodes) ? oldSelf.nodes : 1)",fieldPath=".nodes",message="nodes only grow"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
type StackQueueSpec struct {
	// engine of the message broker. Immutable.
	// +required
	Engine QueueEngine `json:"engine,omitempty"`

	// provider is Auto (default) or Builtin. The choice is recorded and sticks.
	// +optional
	Provider Provider `json:"provider,omitempty"`

	// vhosts are virtual hosts with what is declared in each. They are made, for stacks that share them, and never deleted.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	VHosts []VirtualHost `json:"vhosts,omitempty"`

	QueueSettings   `json:",inline"`
	DataServiceSpec `json:",inline"`
}

// QueueSettings are what brokers have besides the common settings.
//
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || self.parameters.all(k, k in ['heartbeat', 'channel_max', 'channel_max_per_node', 'connection_max', 'frame_max', 'handshake_timeout', 'max_message_size', 'consumer_timeout', 'collect_statistics_interval', 'default_queue_type', 'queue_leader_locator', 'vm_memory_high_watermark.relative', 'vm_memory_high_watermark.absolute', 'disk_free_limit.relative', 'disk_free_limit.absolute', 'tcp_listen_options.backlog', 'tcp_listen_options.nodelay', 'tcp_listen_options.sndbuf', 'tcp_listen_options.recbuf', 'raft.wal_max_size_bytes', 'raft.segment_max_entries', 'classic_queue.default_version'] || ['quorum_queue.', 'deprecated_features.permit.'].exists(p, k.startsWith(p)))",fieldPath=".parameters",message="parameters of RabbitMQ are limits of connections, channels, messages, memory and disk; the field describes the list"
type QueueSettings struct {
	// nodes is the number of cluster members. Default 1. It only grows: a smaller cluster would lose queue members.
	// +kubebuilder:validation:Enum=1;3;5;7
	// +optional
	Nodes *int32 `json:"nodes,omitempty"`

	// allowedConsumers grants other stacks access. The stack that made the broker needs no grant.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	AllowedConsumers []QueueGrant `json:"allowedConsumers,omitempty"`

	// topology is what is declared in the private virtual host of the stack that made the broker. A broker that no stack made
	// declares it in vhosts.
	// +optional
	Topology *QueueTopology `json:"topology,omitempty"`
}

// QueueGrant grants stacks access to virtual hosts.
type QueueGrant struct {
	// namespaces whose stacks are meant.
	// +required
	Namespaces NamespaceGrant `json:"namespaces,omitzero"`

	// vhosts that are granted; "*" is every one. Omitted: only a private virtual host of the consumer.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=48
	// +kubebuilder:validation:items:Pattern=`^(\*|[a-z][a-z0-9_]*)$`
	// +listType=set
	// +optional
	VHosts []string `json:"vhosts,omitempty"`
}

// StackQueueList is a list of StackQueues.
//
// +kubebuilder:object:root=true
type StackQueueList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StackQueue `json:"items"`
}
