package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DatabaseEngine is an engine of a database.
// +kubebuilder:validation:Enum=PostgreSQL;MySQL;MongoDB
type DatabaseEngine string

// Database engines.
const (
	// EnginePostgreSQL is PostgreSQL.
	EnginePostgreSQL DatabaseEngine = "PostgreSQL"
	// EngineMySQL is MySQL.
	EngineMySQL DatabaseEngine = "MySQL"
	// EngineMongoDB is MongoDB.
	EngineMongoDB DatabaseEngine = "MongoDB"
)

// StackDatabase is one database with a life of its own. It may serve several stacks.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=sdb,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="ENGINE",type=string,JSONPath=`.spec.engine`
// +kubebuilder:printcolumn:name="VERSION",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PROVIDER",type=string,priority=1,JSONPath=`.status.provider`
// +kubebuilder:printcolumn:name="CLAIMED BY",type=string,priority=1,JSONPath=`.status.claimedBy.stack`
// +kubebuilder:printcolumn:name="HOST",type=string,priority=1,JSONPath=`.status.endpoint.host`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 44",message="metadata.name must be a DNS label that starts with a letter and has at most 44 characters, so that every child name fits its limit"
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
	Status StackDatabaseStatus `json:"status,omitzero"`
}

// StackDatabaseSpec is the database that is wanted.
//
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine",fieldPath=".engine",message="engine is immutable"
// +kubebuilder:validation:XValidation:rule="has(self.bootstrap) == has(oldSelf.bootstrap) && (!has(self.bootstrap) || self.bootstrap == oldSelf.bootstrap)",fieldPath=".bootstrap",message="bootstrap is immutable: what a database begins with is decided when it is made"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storage) || has(self.storage)",fieldPath=".storage",message="storage cannot be removed once it is set"
// +kubebuilder:validation:XValidation:rule="!has(self.pooler) || self.engine == 'PostgreSQL'",fieldPath=".pooler",message="pooler goes with engine PostgreSQL"
// +kubebuilder:validation:XValidation:rule="!has(self.extensions) || self.engine == 'PostgreSQL'",fieldPath=".extensions",message="extensions go with engine PostgreSQL"
// +kubebuilder:validation:XValidation:rule="!has(self.metrics) || self.engine != 'MongoDB'",fieldPath=".metrics",message="metrics goes with engines PostgreSQL and MySQL; an exporter of your own can watch MongoDB"
// +kubebuilder:validation:XValidation:rule="!has(self.backup) || self.engine != 'MongoDB'",fieldPath=".backup",message="backup goes with engines PostgreSQL and MySQL; MongoDB is copied with mongodump"
// +kubebuilder:validation:XValidation:rule="!has(self.bootstrap) || self.engine != 'MongoDB'",fieldPath=".bootstrap",message="bootstrap goes with engines PostgreSQL and MySQL; a copy of MongoDB comes back with mongorestore"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas <= 6 || self.engine != 'MongoDB'",fieldPath=".replicas",message="replicas are at most 6 with engine MongoDB: no more than 7 members vote"
type StackDatabaseSpec struct {
	// engine of the database. Immutable.
	// +required
	Engine DatabaseEngine `json:"engine,omitempty"`

	// provider is Auto (default) or Builtin. The choice is recorded and sticks.
	// +optional
	Provider Provider `json:"provider,omitempty"`

	// bootstrap is what the database begins with. Omitted: nothing. Immutable.
	// +optional
	Bootstrap *DatabaseBootstrap `json:"bootstrap,omitempty"`

	DatabaseSettings `json:",inline"`
	DataServiceSpec  `json:",inline"`
}

// DatabaseSettings are what databases have besides the common settings.
//
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !has(self.engine) || self.engine != 'PostgreSQL' || self.parameters.all(k, !(k in ['listen_addresses', 'port', 'data_directory', 'config_file', 'hba_file', 'ident_file', 'external_pid_file', 'shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries', 'dynamic_library_path', 'jit_provider', 'log_directory', 'log_filename', 'log_destination', 'logging_collector', 'krb_server_keyfile', 'oauth_validator_libraries', 'archive_library', 'primary_conninfo', 'primary_slot_name', 'hot_standby', 'promote_trigger_file', 'password_encryption', 'allow_alter_system']) && !['ssl', 'unix_socket_', 'include', 'recovery_', 'bonjour'].exists(p, k.startsWith(p)) && !k.endsWith('_command'))",fieldPath=".parameters",message="parameters must not name what the operator sets itself or what runs a command: files, folders, addresses, libraries, ssl*, *_command, replication and logging targets"
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !has(self.engine) || self.engine != 'MySQL' || self.parameters.all(k, !(k in ['bind_address', 'port', 'socket', 'user', 'chroot', 'tmpdir', 'datadir', 'basedir', 'general_log', 'slow_query_log', 'local_infile', 'sync_binlog', 'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'innodb_force_recovery', 'require_secure_transport', 'partial_revokes', 'read_only', 'super_read_only']) && !['ssl', 'init', 'plugin', 'early', 'secure', 'log_bin', 'log_error', 'gtid', 'skip', 'loose', 'mysqlx', 'admin'].exists(p, k.startsWith(p)) && !['_file', '_dir', '_path'].exists(p, k.endsWith(p)))",fieldPath=".parameters",message="parameters must not name what the operator sets itself, what weakens durability, or what runs statements or loads code: files, folders, addresses, plugins, ssl*, init*, logging and replication targets"
// +kubebuilder:validation:XValidation:rule="!has(self.parameters) || !has(self.engine) || self.engine != 'MongoDB' || self.parameters.all(k, ['net.', 'operationProfiling.', 'setParameter.', 'storage.oplog', 'storage.wiredTiger.', 'systemLog.'].exists(p, k.startsWith(p)) && !['net.bind', 'net.port', 'net.tls', 'net.unix', 'systemLog.destination', 'systemLog.path'].exists(p, k.startsWith(p)))",fieldPath=".parameters",message="parameters must be options as mongod.conf has them, such as operationProfiling.slowOpThresholdMs or setParameter.cursorTimeoutMillis, and not those that the operator sets itself: addresses, files, security, sharding and the name of the replica set"
// +kubebuilder:validation:XValidation:rule="!has(self.extensions) || self.extensions.all(e, !(e in ['adminpack', 'file_fdw', 'multicorn', 'pageinspect', 'pg_surgery', 'pgagent', 'plr', 'plsh']) && !(e.startsWith('pl') && e.endsWith('u')))",fieldPath=".extensions",message="extensions must not name what runs code outside the database (plperlu, plpython3u, pltclu, plr, plsh, multicorn, pgagent), reads or writes the files of the server (adminpack, file_fdw) or pages of tables past their rules (pageinspect, pg_surgery)"
// +kubebuilder:validation:XValidation:rule="!has(self.extensions) || self.extensions.all(e, !(e in ['citus', 'pg_cron', 'timescaledb']))",fieldPath=".extensions",message="extensions must not name pg_cron, whose jobs belong in a component with a schedule, nor citus and timescaledb, which need more than a library of the server"
type DatabaseSettings struct {
	// replicas is the number of read copies besides the primary. Default 0. With MongoDB they are members of the replica set, at most 6:
	// one of them takes the primary's place by itself where 2, 4 or 6 are asked for. Of an even number of members (1, 3 or 5 copies) the last
	// has no vote: an even number of votes survives no more losses than one less, and two survive none.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=8
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// pooler lets many connections of pods share few of the server. PostgreSQL only.
	// +optional
	Pooler *DatabasePooler `json:"pooler,omitempty"`

	// extensions that the administrator makes in every database, in this order: names as the image has them, such as pg_stat_statements
	// or hstore; one that requires others follows them. They stand in the schema extensions, which is in the search path. Default none.
	// Removing one drops nothing: data may depend on it. PostgreSQL 15 and later only.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z][a-z0-9_-]*$`
	// +listType=set
	// +optional
	Extensions []string `json:"extensions,omitempty"`

	// backup makes backups by itself. It takes a class with a backupTarget.
	// +optional
	Backup *DatabaseBackup `json:"backup,omitempty"`

	// allowedConsumers grants other stacks access. The stack that made the database needs no grant.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	AllowedConsumers []DatabaseGrant `json:"allowedConsumers,omitempty"`
}

// DatabasePooler is PgBouncer beside the primary: bindings lead to it, with the server itself as direct-port and direct-uri.
type DatabasePooler struct {
	// mode is Transaction (default): a connection of the server is lent for one transaction, so that LISTEN, advisory locks, SET and
	// temporary tables belong to direct-uri; or Session: it is lent until the client leaves.
	// +optional
	Mode PoolerMode `json:"mode,omitempty"`

	// serverConnections is how many connections to the server each login has at most. Default 20.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	ServerConnections *int32 `json:"serverConnections,omitempty"`

	// maxClients is how many connections pods open to the pooler at most, all together. Default 1000.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=10000
	// +optional
	MaxClients *int32 `json:"maxClients,omitempty"`
}

// PoolerMode says for how long a client has a connection of the server.
// +kubebuilder:validation:Enum=Transaction;Session
type PoolerMode string

// Modes of the pooler.
const (
	// PoolerTransaction lends a connection for a transaction.
	PoolerTransaction PoolerMode = "Transaction"
	// PoolerSession lends it until the client leaves.
	PoolerSession PoolerMode = "Session"
)

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
