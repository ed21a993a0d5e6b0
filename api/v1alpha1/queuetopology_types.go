package v1alpha1

// QueueTopology is what is declared in one virtual host. Everything in it is durable, and made by the time that the queue is
// Ready.
type QueueTopology struct {
	// queues that are made. One that is there with another type or other arguments stays as it is, and TopologyReady says so. One
	// that is not declared any more stays too: nothing deletes a queue.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +optional
	Queues []DeclaredQueue `json:"queues,omitempty"`

	// exchanges that are made. One that is not declared any more is deleted if it was made from here and nothing is bound to it.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Exchanges []DeclaredExchange `json:"exchanges,omitempty"`

	// bindings that are made. One that is not declared any more is deleted if it was made from here.
	// +kubebuilder:validation:MaxItems=128
	// +listType=atomic
	// +optional
	Bindings []DeclaredBinding `json:"bindings,omitempty"`

	// policies that are set, and changed at any time. One that is not declared any more is deleted if it was made from here.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Policies []QueuePolicy `json:"policies,omitempty"`
}

// VirtualHost is a virtual host with a name, and what is declared in it.
type VirtualHost struct {
	// name by which stacks refer to it and allowedConsumers grants it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
	// +required
	Name string `json:"name,omitempty"`

	QueueTopology `json:",inline"`
}

// BrokerName is the name of a queue, an exchange or a policy.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=127
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][-_.:/A-Za-z0-9]*$`
type BrokerName string

// RoutingKey is what messages are routed by.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
// +kubebuilder:validation:Pattern=`^[-_.:/#*@A-Za-z0-9]+$`
type RoutingKey string

// QueueType says how a queue keeps its messages.
// +kubebuilder:validation:Enum=Quorum;Classic;Stream
type QueueType string

// Queue types.
const (
	// QueueQuorum keeps copies on several nodes.
	QueueQuorum QueueType = "Quorum"
	// QueueClassic keeps one copy on one node.
	QueueClassic QueueType = "Classic"
	// QueueStream is a log that is read again and again, with copies on several nodes.
	QueueStream QueueType = "Stream"
)

// QueueOverflow says what becomes of messages that are too many.
// +kubebuilder:validation:Enum=DropHead;RejectPublish;RejectPublishDLX
type QueueOverflow string

// Overflow behaviours.
const (
	// OverflowDropHead drops the oldest message.
	OverflowDropHead QueueOverflow = "DropHead"
	// OverflowRejectPublish refuses the newest message.
	OverflowRejectPublish QueueOverflow = "RejectPublish"
	// OverflowRejectPublishDLX refuses the newest message and dead-letters it.
	OverflowRejectPublishDLX QueueOverflow = "RejectPublishDLX"
)

// QueueLimits bound what a queue keeps. Messages beyond them are dropped, or dead-lettered.
//
// +kubebuilder:validation:XValidation:rule="!has(self.deadLetterRoutingKey) || has(self.deadLetterExchange)",fieldPath=".deadLetterRoutingKey",message="deadLetterRoutingKey goes with deadLetterExchange"
type QueueLimits struct {
	// maxLength is how many messages wait at most. Omitted: any number.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9007199254740991
	// +optional
	MaxLength *int64 `json:"maxLength,omitempty"`

	// maxBytes is how much space the bodies of waiting messages take at most, as a quantity such as 512Mi. Omitted: any.
	// +optional
	MaxBytes Capacity `json:"maxBytes,omitempty"`

	// messageTTLSeconds is how many seconds a message waits at most, up to 49 days. Omitted: for ever.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4233600
	// +optional
	MessageTTLSeconds *int32 `json:"messageTTLSeconds,omitempty"`

	// maxAgeSeconds is how many seconds a stream keeps a message, up to ten years; it drops whole segments. Omitted: for ever.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	// +optional
	MaxAgeSeconds *int32 `json:"maxAgeSeconds,omitempty"`

	// deadLetterExchange is where messages go that are rejected, too old, too many or delivered too often. Omitted: they are
	// dropped.
	// +optional
	DeadLetterExchange BrokerName `json:"deadLetterExchange,omitempty"`

	// deadLetterRoutingKey is their routing key there. Omitted: the one they had.
	// +optional
	DeadLetterRoutingKey RoutingKey `json:"deadLetterRoutingKey,omitempty"`

	// deliveryLimit is how often a quorum queue delivers a message again before it is dropped or dead-lettered. Omitted: 20.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	DeliveryLimit *int32 `json:"deliveryLimit,omitempty"`

	// overflow is DropHead (the broker's default), RejectPublish or, for classic queues, RejectPublishDLX. It acts at maxLength and
	// maxBytes.
	// +optional
	Overflow QueueOverflow `json:"overflow,omitempty"`
}

// DeclaredQueue is a durable queue.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.type) && self.type == 'Stream') || !(has(self.maxLength) || has(self.messageTTLSeconds) || has(self.deadLetterExchange) || has(self.deliveryLimit) || has(self.overflow))",fieldPath=".type",message="type Stream takes maxBytes and maxAgeSeconds only"
// +kubebuilder:validation:XValidation:rule="!has(self.maxAgeSeconds) || (has(self.type) && self.type == 'Stream')",fieldPath=".maxAgeSeconds",message="maxAgeSeconds goes with type: Stream"
// +kubebuilder:validation:XValidation:rule="!has(self.deliveryLimit) || !has(self.type) || self.type == 'Quorum'",fieldPath=".deliveryLimit",message="deliveryLimit goes with type: Quorum"
// +kubebuilder:validation:XValidation:rule="!has(self.overflow) || self.overflow != 'RejectPublishDLX' || (has(self.type) && self.type == 'Classic')",fieldPath=".overflow",message="overflow RejectPublishDLX goes with type: Classic"
// +kubebuilder:validation:XValidation:rule="!self.name.startsWith('amq.')",fieldPath=".name",message="name cannot begin with amq., which is the broker's"
type DeclaredQueue struct {
	// name of the queue.
	// +required
	Name BrokerName `json:"name,omitempty"`

	// type is Quorum (default), Classic or Stream. It cannot be changed once the queue is made, nor can any other argument.
	// +optional
	Type QueueType `json:"type,omitempty"`

	QueueLimits `json:",inline"`
}

// ExchangeType says how an exchange routes.
// +kubebuilder:validation:Enum=Direct;Topic;Fanout;Headers
type ExchangeType string

// Exchange types.
const (
	// ExchangeDirect routes by equal keys.
	ExchangeDirect ExchangeType = "Direct"
	// ExchangeTopic routes by patterns of words.
	ExchangeTopic ExchangeType = "Topic"
	// ExchangeFanout routes to everything that is bound.
	ExchangeFanout ExchangeType = "Fanout"
	// ExchangeHeaders routes by headers.
	ExchangeHeaders ExchangeType = "Headers"
)

// DeclaredExchange is a durable exchange.
//
// +kubebuilder:validation:XValidation:rule="!self.name.startsWith('amq.')",fieldPath=".name",message="name cannot begin with amq., which is the broker's"
type DeclaredExchange struct {
	// name of the exchange.
	// +required
	Name BrokerName `json:"name,omitempty"`

	// type is Direct, Topic, Fanout or Headers. It cannot be changed once the exchange is made.
	// +required
	Type ExchangeType `json:"type,omitempty"`
}

// HeadersMatch says how many headers of a binding have to match.
// +kubebuilder:validation:Enum=All;Any
type HeadersMatch string

// Choices of headers.
const (
	// MatchAll wants every header.
	MatchAll HeadersMatch = "All"
	// MatchAny wants one of them.
	MatchAny HeadersMatch = "Any"
)

// DeclaredBinding routes messages of an exchange to a queue or to another exchange of the same virtual host.
//
// +kubebuilder:validation:XValidation:rule="has(self.queue) != has(self.toExchange)",message="either queue or toExchange is needed"
// +kubebuilder:validation:XValidation:rule="!has(self.match) || has(self.headers)",fieldPath=".match",message="match goes with headers"
type DeclaredBinding struct {
	// exchange that messages come from; it is declared, made by a client, or one of the broker's, such as amq.topic.
	// +required
	Exchange BrokerName `json:"exchange,omitempty"`

	// queue that they go to.
	// +optional
	Queue BrokerName `json:"queue,omitempty"`

	// toExchange is the exchange that they go to.
	// +optional
	ToExchange BrokerName `json:"toExchange,omitempty"`

	// routingKey of the messages that are meant; of a Topic, with * for a word and # for any number of words. Omitted: the empty
	// one. Fanout and Headers do not look at it.
	// +optional
	RoutingKey RoutingKey `json:"routingKey,omitempty"`

	// headers of the messages that are meant, for a Headers exchange, with their values as text.
	// +optional
	Headers MessageHeaders `json:"headers,omitempty"`

	// match is All (default) or Any of the headers.
	// +optional
	Match HeadersMatch `json:"match,omitempty"`
}

// MessageHeaders are headers of messages with their values.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=8
// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 63 && k.matches('^[A-Za-z0-9][-_.A-Za-z0-9]*$') && !k.startsWith('x-'))",message="names of headers have at most 63 letters, digits, dots, dashes and underscores, and do not begin with x-, which no exchange looks at"
type MessageHeaders map[string]HeaderValue

// HeaderValue is the value of a header: one line.
// +kubebuilder:validation:MaxLength=127
// +kubebuilder:validation:Pattern=`^[^\r\n]*$`
type HeaderValue string

// PolicyTarget says what a policy is applied to.
// +kubebuilder:validation:Enum=Queues;ClassicQueues;QuorumQueues;Streams;Exchanges
type PolicyTarget string

// Targets of policies.
const (
	// PolicyQueues are queues of every type.
	PolicyQueues PolicyTarget = "Queues"
	// PolicyClassicQueues are classic queues.
	PolicyClassicQueues PolicyTarget = "ClassicQueues"
	// PolicyQuorumQueues are quorum queues.
	PolicyQuorumQueues PolicyTarget = "QuorumQueues"
	// PolicyStreams are streams.
	PolicyStreams PolicyTarget = "Streams"
	// PolicyExchanges are exchanges.
	PolicyExchanges PolicyTarget = "Exchanges"
)

// QueuePolicy gives settings to all queues or exchanges of the virtual host whose names match, whoever makes them and when. Of
// several that match, the one with the highest priority counts, alone.
//
// +kubebuilder:validation:XValidation:rule="has(self.definition.alternateExchange) == (has(self.applyTo) && self.applyTo == 'Exchanges')",fieldPath=".definition.alternateExchange",message="alternateExchange goes with applyTo: Exchanges, which needs it"
// +kubebuilder:validation:XValidation:rule="!has(self.applyTo) || self.applyTo != 'Exchanges' || !(has(self.definition.maxLength) || has(self.definition.maxBytes) || has(self.definition.messageTTLSeconds) || has(self.definition.maxAgeSeconds) || has(self.definition.deadLetterExchange) || has(self.definition.deliveryLimit) || has(self.definition.overflow))",fieldPath=".definition",message="definition of a policy for Exchanges has alternateExchange only"
// +kubebuilder:validation:XValidation:rule="!has(self.applyTo) || self.applyTo != 'Streams' || !(has(self.definition.maxLength) || has(self.definition.messageTTLSeconds) || has(self.definition.deadLetterExchange) || has(self.definition.deliveryLimit) || has(self.definition.overflow))",fieldPath=".definition",message="definition of a policy for Streams has maxBytes and maxAgeSeconds only"
type QueuePolicy struct {
	// name of the policy.
	// +required
	Name BrokerName `json:"name,omitempty"`

	// pattern is a regular expression; it applies where it matches some part of the name, so ^orders\. is what begins with orders.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[ -~]+$`
	// +required
	Pattern string `json:"pattern,omitempty"`

	// applyTo is Queues (default), ClassicQueues, QuorumQueues, Streams or Exchanges.
	// +optional
	ApplyTo PolicyTarget `json:"applyTo,omitempty"`

	// priority decides between policies that match. Default 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	Priority *int32 `json:"priority,omitempty"`

	// definition is what the policy gives. An argument of a queue itself comes first, and of two limits the smaller one.
	// +required
	Definition *PolicyDefinition `json:"definition,omitempty"`
}

// PolicyDefinition is what a policy gives.
//
// +kubebuilder:validation:MinProperties=1
type PolicyDefinition struct {
	QueueLimits `json:",inline"`

	// alternateExchange is where an exchange sends messages that it cannot route.
	// +optional
	AlternateExchange BrokerName `json:"alternateExchange,omitempty"`
}
