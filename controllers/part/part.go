// Package part is the contract between the pipeline and the rooms that build objects.
//
// A room is pure: it gets plain facts (Service, Stack) and returns objects. It never sees a client, a clock or a source of
// randomness, so the same input gives the same bytes.
package part

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Object is a Kubernetes object that a room returns.
type Object = client.Object

// Output is what a room returns.
type Output struct {
	// Objects belong to the resource that they were built for: they carry its controller reference, are repaired, and are
	// removed when they are no longer returned.
	Objects []Object

	// Retained outlive the resource: they carry no owner reference, are repaired while they are returned, and are never
	// removed.
	Retained []Object

	// Provisioning names the Job among Objects that has to succeed before consumers can log in. Empty: none.
	Provisioning string

	// Copies names the StatefulSet among Objects that runs read copies. Empty: none does.
	Copies string

	// Front names the workload whose ready pods alone say that the service answers. Empty: all workloads have to.
	Front string

	// Progress says what is under way although every object is as it should be. Empty: nothing.
	Progress string

	// Topology names the Job among Objects that makes what is declared inside a broker. No login waits for it. Empty: none.
	Topology string

	// Members names the Job among Objects that makes a set have the members that are wanted. No login waits for it. Empty: none.
	Members string

	// Exporters names the StatefulSets among Objects that tell what the servers do. The service does not need them to be Ready.
	Exporters []string

	// Verdicts say of each declared capability how it is served.
	Verdicts []v1alpha1.CapabilityVerdict
}

// Add appends owned objects.
func (o *Output) Add(objects ...Object) { o.Objects = append(o.Objects, objects...) }

// Retain appends objects that outlive the resource.
func (o *Output) Retain(objects ...Object) { o.Retained = append(o.Retained, objects...) }

// Verdict appends a verdict.
func (o *Output) Verdict(v v1alpha1.CapabilityVerdict) { o.Verdicts = append(o.Verdicts, v) }

// Merge appends everything of another output but the names of its Jobs.
func (o *Output) Merge(other Output) {
	o.Objects = append(o.Objects, other.Objects...)
	o.Retained = append(o.Retained, other.Retained...)
	o.Verdicts = append(o.Verdicts, other.Verdicts...)
}

// Image is an image with the user that its engine runs as.
type Image struct {
	// Name with mirrors applied.
	Name string
	// Given is the name where a class gives it, and empty for the built-in catalog: what pods are built from, so that a newer
	// operator with newer built-in images restarts none.
	Given string
	// GivenUser is the user and group that a class gives, such as 110:110, and empty where the built-in catalog's apply.
	GivenUser string
	// Version of the engine in it, as in the catalog.
	Version string
	// RunAsUser and RunAsGroup are ids above 0.
	RunAsUser, RunAsGroup int64
}

// Placement says where pods run; the zero value leaves it to the scheduler.
type Placement struct {
	NodeSelector      map[string]string
	Tolerations       []corev1.Toleration
	NodeAffinity      *corev1.NodeAffinity
	PriorityClassName string
	RuntimeClassName  string
}

// Storage is the claim of each pod.
type Storage struct {
	// Size is never zero for a service that keeps data.
	Size resource.Quantity
	// ClassName is empty for the cluster's default class.
	ClassName string
}

// Endpoint is where a service answers inside the cluster.
type Endpoint struct {
	Host string
	Port int32
}

// Provider is one way to serve one engine.
type Provider struct {
	// Name is Builtin or the name of the operator that is delegated to.
	Name string
	// Kind is StackDatabase, StackCache or StackQueue.
	Kind string
	// Engine is the value of spec.engine.
	Engine string
	// Needs lists the kinds that have to be served by the cluster. Empty for Builtin.
	Needs []schema.GroupVersionKind
	// Exporter is what tells of its servers, as the image catalog calls it. Empty: the engine tells of itself.
	Exporter v1alpha1.CatalogEngine
	// DefaultTLS applies where spec.tls is absent.
	DefaultTLS v1alpha1.TLSMode
	// Stateful says, from the settings, whether pods have claims.
	Stateful func(*Service) bool
	// DefaultStorage is the size of the claim where spec.storage is absent.
	DefaultStorage string
	// AdminValues names the random values of the administrator's Secret, such as password. Empty: no such Secret.
	AdminValues []string
	// AdminData makes the administrator's Secret from those values (key to value). Nil: the values themselves.
	AdminData func(*Service, map[string]string) map[string]string
	// ServerNames are the DNS names of the server certificate.
	ServerNames func(*Service) []string
	// Endpoint is where the service answers.
	Endpoint func(*Service) Endpoint
	// Ports are the TCP ports that consumers connect to.
	Ports func(*Service) []int32
	// Login names a consumer's login and database for this engine, within its limits. Access and Database of the consumer
	// are set as granted; the function fills in Login, Group and, for a private one, Database.
	Login func(*Service, *Consumer)
	// Binding returns the keys of a consumer's binding Secret in the shape of servicebinding.io: type, provider, host, port,
	// username, password, database, uri, and further ones. The key ca.crt is added where Certificate is set.
	// The pipeline also calls it with an empty password, to see whether a fact changed.
	Binding func(s *Service, c Consumer, password string) map[string]string
	// CopiesFirst says that read copies are pods of their own, which take an upgrade before the primary does.
	CopiesFirst bool
	// Upgrade says whether the engine can go from one version to another in place; nil error: yes.
	Upgrade func(from, to string) error
	// Members is how many members a set is to have. Nil: copies come and go without being counted.
	Members func(*Service) int32
	// Backup returns the Job, under the given name, that makes one backup, and what the Job needs. Nil: the engine has no backups.
	// It is called only for a service with a Vault.
	Backup func(s *Service, name string) (Output, error)
	// Build returns the objects. It returns Invalid for a setting that the engine cannot have.
	Build func(*Service) (Output, error)
}

// Service is one StackDatabase, StackCache or StackQueue with everything resolved.
type Service struct {
	// Kind, Namespace and Name identify the service.
	Kind, Namespace, Name string
	// Engine and Provider as recorded.
	Engine, Provider string
	// Stack that made it, for the label part-of; empty when nobody did.
	Stack string
	// Image that runs.
	Image Image
	// CopiesImage is what read copies run that take an upgrade before the primary; nil: Image.
	CopiesImage *Image
	// Production raises floors: disruption budget, spread.
	Production bool
	// Resources of the engine's container.
	Resources corev1.ResourceRequirements
	// Placement of the pods.
	Placement Placement
	// Storage of each pod.
	Storage Storage
	// Parameters of the engine as the user wrote them.
	Parameters map[string]string
	// TLS mode; never empty.
	TLS v1alpha1.TLSMode
	// Suspended stops the pods.
	Suspended bool
	// RestartedAt is spec.restartedAt, empty when absent.
	RestartedAt string
	// ClusterDomain is the DNS domain of the cluster, such as cluster.local.
	ClusterDomain string

	// Replicas is the number of read copies that are wanted (databases, caches).
	Replicas int32
	// Copies is the number of read copies that a cache is known to have: the way to another number takes steps. Replicated says
	// that it has had copies, and that its first server runs as one of several since.
	Copies     int32
	Replicated bool
	// Proxy is what leads to the primary of a cache with copies: an image of nginx.
	Proxy Image
	// Members is how many members a set may have at present, of those that it had and those that are wanted (engines with Provider.Members).
	Members int32
	// Shards is the number of independent nodes (Memcached), at least 1.
	Shards int32
	// Nodes is the number of cluster members (queues), at least 1.
	Nodes int32
	// Topology is declared in the private virtual host of the stack that made it (queues); nil: nothing is.
	Topology *v1alpha1.QueueTopology
	// VHosts are virtual hosts with what is declared in each (queues).
	VHosts []v1alpha1.VirtualHost
	// Durable keeps a cache's content.
	Durable bool
	// Eviction is what a cache drops; never empty for Valkey and Redis.
	Eviction v1alpha1.EvictionPolicy

	// Pooler shares the connections of a database among its consumers; nil when none is asked for.
	Pooler *Pooler
	// Extensions are made in every database, in this order.
	Extensions []string
	// Metrics are told; nil when nobody asks for them.
	Metrics *Metrics
	// Vault is where its backups are kept; nil when the class has no place for them or the provider makes none.
	Vault *Vault
	// Recovery is the backup that it has to be made from before it can start; nil when there is none, or when that is done.
	Recovery *Recovery

	// Admin is the administrator's credential; nil when the provider has none.
	Admin *Credential
	// Certificate is the server certificate: Secret with tls.crt, tls.key and ca.crt. Nil when TLS is Disabled.
	Certificate *Credential
	// Consumers are the stacks that are admitted, in a stable order.
	Consumers []Consumer
	// Departed are logins that have to be taken back.
	Departed []Consumer
}

// Pooler is PgBouncer beside a database.
type Pooler struct {
	// Image of the pooler. It runs as the user of the database.
	Image Image
	// Mode says for how long a client has a connection of the server.
	Mode v1alpha1.PoolerMode
	// ServerConnections is how many connections to the server each login has at most, MaxClients how many all pods open to the pooler.
	ServerConnections, MaxClients int32
}

// Metrics is what tells of a service, and to whom.
type Metrics struct {
	// Image of the exporter; zero for an engine that tells of itself.
	Image Image
	// Readers are the namespaces whose pods may read; nil: none.
	Readers *v1alpha1.NamespaceGrant
}

// Credential is one version of a credential set, as the anchor records it.
type Credential struct {
	// Version counts from 1.
	Version int
	// Secret is its name in the service's namespace.
	Secret string
	// Digest is the SHA-256 of the password in lower-case hexadecimal, for engines that take digests. The password has 32
	// random characters, so that the digest tells nothing.
	Digest string
	// CA is the certificate of the authority in PEM (certificates only). It is public.
	CA string
}

// Consumer is one stack that uses a service.
type Consumer struct {
	// Namespace, Stack and Entry identify the consumer.
	Namespace, Stack, Entry string
	// Access that is granted.
	Access v1alpha1.AccessMode
	// Private says that the database belongs to this consumer alone.
	Private bool
	// Database is the database or virtual host.
	Database string
	// Group is the role that owns the objects of the database, without login.
	Group string
	// Login is the name to log in with. Logins alternate between versions.
	Login string
	// Credential of the login. Its Secret stands in the service's namespace and has at least the keys username and password.
	Credential Credential
	// Previous is the credential of the other login while pods may use that one too; nil otherwise.
	Previous *Credential
	// Retired says that nobody uses the other login any more: it is taken back.
	Retired bool
	// Binding is the name of the binding Secret in the consumer's namespace.
	Binding string
	// Connections is how many its pods may open at once, with every component at its highest number of pods (databases).
	Connections int64
}
