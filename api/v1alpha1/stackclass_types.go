package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StackClass is the policy of the platform team.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,path=stackclasses,shortName=sclass,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="PROFILE",type=string,JSONPath=`.spec.profile`
// +kubebuilder:printcolumn:name="DEFAULT",type=string,JSONPath=`.metadata.annotations.stackwright\.dev/is-default-class`
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="metadata.name may have at most 63 characters"
type StackClass struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the policy.
	// +required
	Spec StackClassSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status StackClassStatus `json:"status,omitzero"`
}

// Profile sets floors.
// +kubebuilder:validation:Enum=Production;Development
type Profile string

// Profiles.
const (
	// ProfileProduction runs two of each component, spread over nodes, with a disruption budget.
	ProfileProduction Profile = "Production"
	// ProfileDevelopment runs one of each.
	ProfileDevelopment Profile = "Development"
)

// StackClassSpec is the policy of the platform team.
//
// +kubebuilder:validation:MinProperties=1
type StackClassSpec struct {
	// profile is Production (default) or Development.
	// +optional
	Profile Profile `json:"profile,omitempty"`

	// sizes add to the built-in sizes or redefine them.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Sizes []Size `json:"sizes,omitempty"`

	// images is the catalog of engine images. It adds to the built-in catalog; an engine that is named here is taken from
	// here only.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=engine
	// +listMapKey=version
	// +optional
	Images []CatalogImage `json:"images,omitempty"`

	// mirrors replace the beginning of every image name, the longest match first: an air-gapped cluster changes this one
	// place.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=source
	// +optional
	Mirrors []Mirror `json:"mirrors,omitempty"`

	// storage says which storage classes are used.
	// +optional
	Storage *ClassStorage `json:"storage,omitempty"`

	// placements are named rules of where pods run. The one called default applies where none is named.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Placements []Placement `json:"placements,omitempty"`

	// network is the default of what components may reach.
	// +optional
	Network *ClassNetwork `json:"network,omitempty"`

	// limits bound what stacks may ask for.
	// +optional
	Limits *ClassLimits `json:"limits,omitempty"`

	// backupTarget is where backups are kept. Omitted: no database can be backed up.
	// +optional
	BackupTarget *BackupTarget `json:"backupTarget,omitempty"`

	// monitoring says who may read metrics. Omitted: nobody but the pods of a service itself.
	// +optional
	Monitoring *ClassMonitoring `json:"monitoring,omitempty"`

	// namespaces matches the namespaces that may use the class. Omitted: all.
	// +optional
	Namespaces *NamespaceSelector `json:"namespaces,omitempty"`
}

// Size is a named amount of resources.
//
// +kubebuilder:validation:XValidation:rule="quantity(string(self.cpu)).isGreaterThan(quantity('0'))",fieldPath=".cpu",message="cpu must be positive"
// +kubebuilder:validation:XValidation:rule="quantity(string(self.memory)).isGreaterThan(quantity('0'))",fieldPath=".memory",message="memory must be positive"
type Size struct {
	// name of the size.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9-]*$`
	// +required
	Name string `json:"name,omitempty"`

	// cpu is requested, in cores; it is not limited.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	CPU resource.Quantity `json:"cpu,omitzero"`

	// memory is requested and limited, in bytes.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +required
	Memory resource.Quantity `json:"memory,omitzero"`
}

// CatalogEngine is an engine that the catalog has images of. Nginx is the built-in load balancer; Rclone carries backups and
// PgBouncer pools connections; both run as the user of the engine that they are for. The exporters tell what servers do; that of Redis
// tells of Valkey too.
// +kubebuilder:validation:Enum=PostgreSQL;MySQL;MongoDB;Valkey;Redis;Memcached;RabbitMQ;Nginx;Rclone;PgBouncer;PostgreSQLExporter;MySQLExporter;RedisExporter;MemcachedExporter
type CatalogEngine string

// Engines of the catalog.
const (
	CatalogPostgreSQL CatalogEngine = "PostgreSQL"
	CatalogMySQL      CatalogEngine = "MySQL"
	CatalogMongoDB    CatalogEngine = "MongoDB"
	CatalogValkey     CatalogEngine = "Valkey"
	CatalogRedis      CatalogEngine = "Redis"
	CatalogMemcached  CatalogEngine = "Memcached"
	CatalogRabbitMQ   CatalogEngine = "RabbitMQ"
	// EngineNginx is the built-in load balancer.
	EngineNginx CatalogEngine = "Nginx"
	// EngineRclone carries backups.
	EngineRclone CatalogEngine = "Rclone"
	// EnginePgBouncer pools connections to PostgreSQL.
	EnginePgBouncer CatalogEngine = "PgBouncer"
	// EnginePostgreSQLExporter and the others tell what servers do.
	EnginePostgreSQLExporter CatalogEngine = "PostgreSQLExporter"
	EngineMySQLExporter      CatalogEngine = "MySQLExporter"
	EngineRedisExporter      CatalogEngine = "RedisExporter"
	EngineMemcachedExporter  CatalogEngine = "MemcachedExporter"
)

// CatalogImage is the image of one version of one engine.
type CatalogImage struct {
	// engine that the image holds.
	// +required
	Engine CatalogEngine `json:"engine,omitempty"`

	// version that the image holds, as far as an edit of it is an upgrade: 17, 8.1.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[0-9]+(\.[0-9]+)*$`
	// +required
	Version string `json:"version,omitempty"`

	// image name, best with a digest.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Image string `json:"image,omitempty"`

	// user that the engine runs as in this image. Omitted: the official image's.
	// +optional
	User *ImageUser `json:"user,omitempty"`
}

// ImageUser is the user of an image.
type ImageUser struct {
	// runAsUser is the user id.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +required
	RunAsUser int64 `json:"runAsUser,omitempty"`

	// runAsGroup is the group id. Omitted: the user id.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	RunAsGroup int64 `json:"runAsGroup,omitempty"`
}

// Mirror replaces the beginning of image names.
type Mirror struct {
	// source is the beginning that is replaced, such as docker.io.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Source string `json:"source,omitempty"`

	// mirror stands in its place.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Mirror string `json:"mirror,omitempty"`
}

// ClassStorage says which storage classes are used.
//
// +kubebuilder:validation:XValidation:rule="!has(self.default) || !has(self.allowed) || self.default in self.allowed",fieldPath=".default",message="default must be one of allowed"
type ClassStorage struct {
	// default storage class. Omitted: the cluster's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Default string `json:"default,omitempty"`

	// allowed storage classes. Omitted: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=set
	// +optional
	Allowed []string `json:"allowed,omitempty"`
}

// Placement is a rule of where pods run.
type Placement struct {
	// name of the placement.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`

	// nodeSelector matches labels of nodes.
	// +optional
	NodeSelector Labels `json:"nodeSelector,omitempty"`

	// tolerations of taints.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// nodeAffinity of the pods, as in core/v1.
	// +optional
	NodeAffinity *corev1.NodeAffinity `json:"nodeAffinity,omitempty"`

	// priorityClassName of the pods.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// runtimeClassName of the pods.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	RuntimeClassName string `json:"runtimeClassName,omitempty"`
}

// NetworkEgress is a default of what components may reach.
// +kubebuilder:validation:Enum=Internet;Deny
type NetworkEgress string

// Egress defaults.
const (
	// EgressInternet is every public address, without private and metadata ranges.
	EgressInternet NetworkEgress = "Internet"
	// EgressDeny is nothing outside the stack.
	EgressDeny NetworkEgress = "Deny"
)

// ClassNetwork is the default of what components may reach.
type ClassNetwork struct {
	// egress is Internet (default) or Deny.
	// +required
	Egress NetworkEgress `json:"egress,omitempty"`
}

// ClassMonitoring says who may read metrics.
type ClassMonitoring struct {
	// namespaces whose pods may read the metrics of data services. Same is the namespace of each service.
	// +required
	Namespaces NamespaceGrant `json:"namespaces,omitzero"`
}

// ClassLimits bound what stacks may ask for.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.maxStorage) || quantity(string(self.maxStorage)).isGreaterThan(quantity('0'))",fieldPath=".maxStorage",message="maxStorage must be positive"
type ClassLimits struct {
	// maxReplicas of one component.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`

	// engines that may be used. Omitted: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Enum=PostgreSQL;MySQL;MongoDB;Valkey;Redis;Memcached;RabbitMQ
	// +listType=set
	// +optional
	Engines []string `json:"engines,omitempty"`

	// maxStorage of one claim.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +optional
	MaxStorage *resource.Quantity `json:"maxStorage,omitempty"`

	// registries are the beginnings that image names of components may have. Omitted: all.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +optional
	Registries []string `json:"registries,omitempty"`
}

// StackClassStatus is what was observed of a StackClass.
type StackClassStatus struct {
	// conditions are Ready and Stalled.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the status speaks of.
	// +kubebuilder:validation:Minimum=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

// StackClassList is a list of StackClasses.
//
// +kubebuilder:object:root=true
type StackClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StackClass `json:"items"`
}
