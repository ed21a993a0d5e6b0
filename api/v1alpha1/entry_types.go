package v1alpha1

// ServiceReference names a data service that exists already.
type ServiceReference struct {
	// namespace of the service. Omitted: the stack's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// name of the service.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`
}

// DatabaseReference names a StackDatabase and a database in it.
type DatabaseReference struct {
	ServiceReference `json:",inline"`

	// database that is shared. Omitted: a private one, named from the stack's namespace and name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
	// +optional
	Database string `json:"database,omitempty"`
}

// QueueReference names a StackQueue and a virtual host in it.
type QueueReference struct {
	ServiceReference `json:",inline"`

	// vhost that is shared. Omitted: a private one, named from the stack's namespace and name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^[a-z][a-z0-9_]*$`
	// +optional
	VHost string `json:"vhost,omitempty"`
}

// ExternalService is a service that runs elsewhere, described by a Secret in the stack's namespace.
type ExternalService struct {
	// secretRef names the Secret.
	// +required
	SecretRef LocalReference `json:"secretRef,omitzero"`

	// keys says under which key each fact stands. Omitted: under the names of servicebinding.io, each optional.
	// +optional
	Keys *BindingKeys `json:"keys,omitempty"`

	// egress opens the connections that it needs. Omitted: the component's egress has to.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Egress []EgressRule `json:"egress,omitempty"`
}

// BindingKeys says under which key of a Secret each fact of a binding stands.
//
// +kubebuilder:validation:MinProperties=1
type BindingKeys struct {
	// host is the key of the host name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Host string `json:"host,omitempty"`

	// port is the key of the port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Port string `json:"port,omitempty"`

	// username is the key of the user name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Username string `json:"username,omitempty"`

	// password is the key of the password.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Password string `json:"password,omitempty"`

	// database is the key of the database's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Database string `json:"database,omitempty"`

	// uri is the key of the connection address.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	URI string `json:"uri,omitempty"`

	// certificates is the key of the CA certificates in PEM, shown as ca.crt.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +optional
	Certificates string `json:"certificates,omitempty"`
}

// EntryProvider says who serves an entry of a stack.
// +kubebuilder:validation:Enum=Auto;Builtin;External
type EntryProvider string

// Providers of entries.
const (
	// EntryAuto is ProviderAuto.
	EntryAuto EntryProvider = "Auto"
	// EntryBuiltin is ProviderBuiltin.
	EntryBuiltin EntryProvider = "Builtin"
	// EntryExternal is served elsewhere and described by a Secret.
	EntryExternal EntryProvider = "External"
)

// ServiceBinding is any other service that components use: Firebase, Stripe, S3.
type ServiceBinding struct {
	// name of the entry.
	// +kubebuilder:validation:XValidation:rule="self != 'lb'",message="name lb is the load balancer's"
	// +required
	Name EntryName `json:"name,omitempty"`

	// type of the service, as in servicebinding.io. It is shown when the Secret has no key type.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	// +required
	Type string `json:"type,omitempty"`

	ExternalService `json:",inline"`
}

// DatabaseEntry is a database of a stack: inline, shared by ref, or external.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) && has(self.external))",message="ref and external exclude each other"
// +kubebuilder:validation:XValidation:rule="has(self.external) == (has(self.provider) && self.provider == 'External')",message="external goes with provider: External"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.engine)",message="engine is needed unless ref names a database"
// +kubebuilder:validation:XValidation:rule="!has(self.access) || has(self.ref)",message="access goes with ref"
// +kubebuilder:validation:XValidation:rule="!has(self.access) || self.access == 'Owner' || (has(self.ref) && has(self.ref.database))",fieldPath=".access",message="access goes with ref.database; a private database is always owned"
// +kubebuilder:validation:XValidation:rule="!has(self.ref) || !has(self.provider) || self.provider == 'External'",fieldPath=".provider",message="provider is a choice of the StackDatabase that ref names"
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) || has(self.external)) || !(has(self.version) || has(self.stackClassName) || has(self.size) || has(self.resources) || has(self.placement) || has(self.storage) || has(self.parameters) || has(self.tls) || has(self.metrics) || has(self.credentials) || has(self.restartedAt) || has(self.suspend) || has(self.deletionPolicy) || has(self.replicas) || has(self.pooler) || has(self.extensions) || has(self.backup) || has(self.allowedConsumers))",message="version, stackClassName, size, resources, placement, storage, parameters, tls, metrics, credentials, restartedAt, suspend, deletionPolicy, replicas, pooler, extensions, backup and allowedConsumers describe an inline database: they exclude ref and external"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || !has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
// +kubebuilder:validation:XValidation:rule="!has(self.pooler) || !has(self.engine) || self.engine == 'PostgreSQL'",fieldPath=".pooler",message="pooler goes with engine PostgreSQL"
// +kubebuilder:validation:XValidation:rule="!has(self.extensions) || !has(self.engine) || self.engine == 'PostgreSQL'",fieldPath=".extensions",message="extensions go with engine PostgreSQL"
// +kubebuilder:validation:XValidation:rule="!has(self.metrics) || !has(self.engine) || self.engine != 'MongoDB'",fieldPath=".metrics",message="metrics goes with engines PostgreSQL and MySQL; an exporter of your own can watch MongoDB"
// +kubebuilder:validation:XValidation:rule="!has(self.backup) || !has(self.engine) || self.engine != 'MongoDB'",fieldPath=".backup",message="backup goes with engines PostgreSQL and MySQL; MongoDB is copied with mongodump"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas <= 6 || !has(self.engine) || self.engine != 'MongoDB'",fieldPath=".replicas",message="replicas are at most 6 with engine MongoDB: no more than 7 members vote"
type DatabaseEntry struct {
	// name of the entry; an inline one is called <stack>-<name>.
	// +kubebuilder:validation:XValidation:rule="self != 'lb'",message="name lb is the load balancer's"
	// +required
	Name EntryName `json:"name,omitempty"`

	// engine of the database. Immutable while the entry is inline.
	// +optional
	Engine EntryDatabaseEngine `json:"engine,omitempty"`

	// provider is Auto (default), Builtin or External.
	// +optional
	Provider EntryProvider `json:"provider,omitempty"`

	// ref shares a StackDatabase that exists.
	// +optional
	Ref *DatabaseReference `json:"ref,omitempty"`

	// access is Owner, ReadWrite (default with ref.database) or ReadOnly. A private database is always owned.
	// +optional
	Access AccessMode `json:"access,omitempty"`

	// external describes a database that runs elsewhere.
	// +optional
	External *ExternalService `json:"external,omitempty"`

	// default gives this entry the conventional variables when a component uses several databases.
	// +optional
	Default *bool `json:"default,omitempty"`

	// poolSize is how many connections each pod opens at most. Pods read it as <NAME>_POOL_SIZE, and the database's capability
	// ConnectionBudget reckons with it. Omitted: pods are told nothing, and 10 are reckoned with.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	PoolSize *int32 `json:"poolSize,omitempty"`

	DatabaseSettings `json:",inline"`
	DataServiceSpec  `json:",inline"`
}

// EntryDatabaseEngine is an engine of a database that runs here or elsewhere.
// +kubebuilder:validation:Enum=PostgreSQL;MySQL;MongoDB
type EntryDatabaseEngine string

// Engines of database entries.
const (
	EntryPostgreSQL EntryDatabaseEngine = "PostgreSQL"
	EntryMySQL      EntryDatabaseEngine = "MySQL"
	EntryMongoDB    EntryDatabaseEngine = "MongoDB"
)

// CacheEntry is a cache of a stack: inline, shared by ref, or external.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) && has(self.external))",message="ref and external exclude each other"
// +kubebuilder:validation:XValidation:rule="has(self.external) == (has(self.provider) && self.provider == 'External')",message="external goes with provider: External"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.engine)",message="engine is needed unless ref names a cache"
// +kubebuilder:validation:XValidation:rule="!has(self.access) || has(self.ref)",message="access goes with ref"
// +kubebuilder:validation:XValidation:rule="!has(self.access) || self.access != 'Owner'",fieldPath=".access",message="access must be ReadWrite or ReadOnly: a cache belongs to the stack that made it"
// +kubebuilder:validation:XValidation:rule="!has(self.ref) || !has(self.provider) || self.provider == 'External'",fieldPath=".provider",message="provider is a choice of the StackCache that ref names"
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) || has(self.external)) || !(has(self.version) || has(self.stackClassName) || has(self.size) || has(self.resources) || has(self.placement) || has(self.storage) || has(self.parameters) || has(self.tls) || has(self.metrics) || has(self.credentials) || has(self.restartedAt) || has(self.suspend) || has(self.deletionPolicy) || has(self.shards) || has(self.replicas) || has(self.persistence) || has(self.evictionPolicy) || has(self.allowedConsumers))",message="version, stackClassName, size, resources, placement, storage, parameters, tls, metrics, credentials, restartedAt, suspend, deletionPolicy, shards, replicas, persistence, evictionPolicy and allowedConsumers describe an inline cache: they exclude ref and external"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || !has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || (has(self.persistence) ? self.persistence : 'None') == (has(oldSelf.persistence) ? oldSelf.persistence : 'None')",fieldPath=".persistence",message="persistence is immutable"
type CacheEntry struct {
	// name of the entry; an inline one is called <stack>-<name>.
	// +kubebuilder:validation:XValidation:rule="self != 'lb'",message="name lb is the load balancer's"
	// +required
	Name EntryName `json:"name,omitempty"`

	// engine of the cache. Immutable while the entry is inline.
	// +optional
	Engine CacheEngine `json:"engine,omitempty"`

	// provider is Auto (default), Builtin or External.
	// +optional
	Provider EntryProvider `json:"provider,omitempty"`

	// ref shares a StackCache that exists.
	// +optional
	Ref *ServiceReference `json:"ref,omitempty"`

	// access to a cache that ref names is ReadWrite (default) or ReadOnly. Where the cache has copies, who only reads is sent to them.
	// Memcached has no logins, and refuses nobody.
	// +optional
	Access AccessMode `json:"access,omitempty"`

	// external describes a cache that runs elsewhere.
	// +optional
	External *ExternalService `json:"external,omitempty"`

	// default gives this entry the conventional variables when a component uses several caches.
	// +optional
	Default *bool `json:"default,omitempty"`

	CacheSettings   `json:",inline"`
	DataServiceSpec `json:",inline"`
}

// QueueEntry is a message broker of a stack: inline, shared by ref, or external.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) && has(self.external))",message="ref and external exclude each other"
// +kubebuilder:validation:XValidation:rule="has(self.external) == (has(self.provider) && self.provider == 'External')",message="external goes with provider: External"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.engine)",message="engine is needed unless ref names a queue"
// +kubebuilder:validation:XValidation:rule="!has(self.ref) || !has(self.provider) || self.provider == 'External'",fieldPath=".provider",message="provider is a choice of the StackQueue that ref names"
// +kubebuilder:validation:XValidation:rule="!(has(self.ref) || has(self.external)) || !(has(self.version) || has(self.stackClassName) || has(self.size) || has(self.resources) || has(self.placement) || has(self.storage) || has(self.parameters) || has(self.tls) || has(self.metrics) || has(self.credentials) || has(self.restartedAt) || has(self.suspend) || has(self.deletionPolicy) || has(self.nodes) || has(self.allowedConsumers) || has(self.topology))",message="version, stackClassName, size, resources, placement, storage, parameters, tls, metrics, credentials, restartedAt, suspend, deletionPolicy, nodes, allowedConsumers and topology describe an inline queue: they exclude ref and external"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || !has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
// +kubebuilder:validation:XValidation:rule="has(self.ref) || has(self.external) || has(oldSelf.ref) || has(oldSelf.external) || (has(self.nodes) ? self.nodes : 1) >= (has(oldSelf.nodes) ? oldSelf.nodes : 1)",fieldPath=".nodes",message="nodes only grow"
type QueueEntry struct {
	// name of the entry; an inline one is called <stack>-<name>.
	// +kubebuilder:validation:XValidation:rule="self != 'lb'",message="name lb is the load balancer's"
	// +required
	Name EntryName `json:"name,omitempty"`

	// engine of the queue. Immutable while the entry is inline.
	// +optional
	Engine QueueEngine `json:"engine,omitempty"`

	// provider is Auto (default), Builtin or External.
	// +optional
	Provider EntryProvider `json:"provider,omitempty"`

	// ref shares a StackQueue that exists.
	// +optional
	Ref *QueueReference `json:"ref,omitempty"`

	// external describes a broker that runs elsewhere.
	// +optional
	External *ExternalService `json:"external,omitempty"`

	// default gives this entry the conventional variables when a component uses several queues.
	// +optional
	Default *bool `json:"default,omitempty"`

	QueueSettings   `json:",inline"`
	DataServiceSpec `json:",inline"`
}
