package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ComponentType says how a component runs.
// +kubebuilder:validation:Enum=Service;Worker
type ComponentType string

// Component types.
const (
	// ComponentService serves a port.
	ComponentService ComponentType = "Service"
	// ComponentWorker serves none.
	ComponentWorker ComponentType = "Worker"
)

// Runtime adjusts a component to what runs in its image.
// +kubebuilder:validation:Enum=Custom;NodeJS;Celery
type Runtime string

// Runtimes.
const (
	// RuntimeCustom makes no assumption.
	RuntimeCustom Runtime = "Custom"
	// RuntimeNodeJS sets the heap from the memory limit, NODE_ENV, and the user 1000.
	RuntimeNodeJS Runtime = "NodeJS"
	// RuntimeCelery builds the command line of a Celery worker or beat.
	RuntimeCelery Runtime = "Celery"
)

// Component is one server or worker of a stack.
//
// +kubebuilder:validation:XValidation:rule="(has(self.type) && self.type == 'Worker') || has(self.port)",fieldPath=".port",reason=FieldValueRequired,message="port is needed with the type Service; a component that serves none has the type Worker"
// +kubebuilder:validation:XValidation:rule="!(has(self.type) && self.type == 'Worker') || !has(self.routes) || size(self.routes) == 0",fieldPath=".routes",message="routes go with the type Service"
// +kubebuilder:validation:XValidation:rule="has(self.celery) == (has(self.runtime) && self.runtime == 'Celery')",fieldPath=".celery",message="celery goes with the runtime Celery"
// +kubebuilder:validation:XValidation:rule="!(has(self.runtime) && self.runtime == 'Celery') || (has(self.type) && self.type == 'Worker')",fieldPath=".type",message="type must be Worker with the runtime Celery"
// +kubebuilder:validation:XValidation:rule="!(has(self.runtime) && self.runtime == 'Celery') || !has(self.command)",fieldPath=".command",message="command excludes the runtime Celery, which builds it"
// +kubebuilder:validation:XValidation:rule="!(has(self.celery) && has(self.celery.role) && self.celery.role == 'Beat') || ((!has(self.replicas) || self.replicas <= 1) && !has(self.scale))",fieldPath=".replicas",message="replicas may be 0 or 1 and scale must be absent with the Celery role Beat, which runs once"
// +kubebuilder:validation:XValidation:rule="!(has(self.celery) && has(self.celery.role) && self.celery.role == 'Beat') || !has(self.strategy) || self.strategy.type == 'Recreate'",fieldPath=".strategy",message="strategy is Recreate with the Celery role Beat, which never runs twice"
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || !has(self.scale)",fieldPath=".replicas",message="replicas and scale exclude each other"
// +kubebuilder:validation:XValidation:rule="!has(self.ports) || self.ports.all(p, !(has(self.port) && self.port == p.port) && self.ports.exists_one(o, o.port == p.port))",fieldPath=".ports",message="ports must have numbers that differ from each other and from port"
// +kubebuilder:validation:XValidation:rule="!has(self.healthPath) || has(self.port)",fieldPath=".healthPath",message="healthPath needs port"
// +kubebuilder:validation:XValidation:rule="has(self.port) || !has(self.probes) || !((has(self.probes.startup) && ((has(self.probes.startup.httpGet) && !has(self.probes.startup.httpGet.port)) || (has(self.probes.startup.tcpSocket) && !has(self.probes.startup.tcpSocket.port)))) || (has(self.probes.readiness) && ((has(self.probes.readiness.httpGet) && !has(self.probes.readiness.httpGet.port)) || (has(self.probes.readiness.tcpSocket) && !has(self.probes.readiness.tcpSocket.port)))) || (has(self.probes.liveness) && ((has(self.probes.liveness.httpGet) && !has(self.probes.liveness.httpGet.port)) || (has(self.probes.liveness.tcpSocket) && !has(self.probes.liveness.tcpSocket.port)))))",fieldPath=".probes",message="probes without a port of their own need port"
// +kubebuilder:validation:XValidation:rule="!has(self.uses) || !(self.name in self.uses)",fieldPath=".uses",message="uses must not name the component itself"
type Component struct {
	// name is the component's name; its objects are called <stack>-<name>.
	// +kubebuilder:validation:XValidation:rule="self != 'lb'",message="name lb is the load balancer's"
	// +required
	Name EntryName `json:"name,omitempty"`

	// type is Service (default) or Worker.
	// +optional
	Type ComponentType `json:"type,omitempty"`

	// runtime is Custom (default), NodeJS or Celery.
	// +optional
	Runtime Runtime `json:"runtime,omitempty"`

	// celery is needed with the runtime Celery.
	// +optional
	Celery *CelerySettings `json:"celery,omitempty"`

	// image to run. Omitted: the stack's default image.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[^\s]+$`
	// +optional
	Image string `json:"image,omitempty"`

	// imagePullSecrets are used to pull the image.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []LocalReference `json:"imagePullSecrets,omitempty"`

	// command replaces the image's entrypoint.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=8192
	// +listType=atomic
	// +optional
	Command []string `json:"command,omitempty"`

	// args replace the image's arguments.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=8192
	// +listType=atomic
	// +optional
	Args []string `json:"args,omitempty"`

	// env is set in the container. An entry wins over a generated variable of the same name.
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`

	// envFrom sets all keys of a Secret or ConfigMap. Its content is not watched: restartedAt rolls the component.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	EnvFrom []EnvFromSource `json:"envFrom,omitempty"`

	// port is the main port. It is injected as PORT.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port *int32 `json:"port,omitempty"`

	// ports are further ports.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Ports []ComponentPort `json:"ports,omitempty"`

	// healthPath is asked by the startup and readiness probes. Omitted: they connect to the port.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/[-A-Za-z0-9._~!$&'()*+,;=:@%/?]*$`
	// +optional
	HealthPath string `json:"healthPath,omitempty"`

	// probes override the generated probes one by one.
	// +optional
	Probes *ComponentProbes `json:"probes,omitempty"`

	// size names an amount of CPU and memory: Nano (25m, 128Mi), Micro (100m, 256Mi), Small (250m, 512Mi; the default), Medium
	// (500m, 1Gi), Large (1, 2Gi), XLarge (2, 4Gi), or one of the class, which may redefine these.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Size string `json:"size,omitempty"`

	// resources override the size.
	// +optional
	Resources *Resources `json:"resources,omitempty"`

	// securityContext adjusts the user and the root file system. The rest of the restricted profile is fixed.
	// +optional
	SecurityContext *ComponentSecurityContext `json:"securityContext,omitempty"`

	// volumes of this component.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Volumes []ComponentVolume `json:"volumes,omitempty"`

	// volumeMounts mount volumes of this component or of the stack.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=mountPath
	// +optional
	VolumeMounts []VolumeMount `json:"volumeMounts,omitempty"`

	// initContainers run before the component; with restartPolicy Always one is a sidecar.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +optional
	InitContainers []InitContainer `json:"initContainers,omitempty"`

	// terminationGracePeriodSeconds is how long the container may take to stop, in seconds. Default 30, for Celery 300. The pod of
	// a Service gets 5 seconds more, in which callers forget it before it is told to stop.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// placement names a placement of the class.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Placement string `json:"placement,omitempty"`

	// uses names the services and components that this one connects to. Omitted: everything, which is allowed for a lone
	// component or one that inherits the default image. An empty list is nothing. Who applies the list decides on all of it: a
	// server-side apply that empties a list that is merged would leave the field out, which means everything.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=30
	// +listType=atomic
	// +optional
	Uses []string `json:"uses,omitzero"`

	// allowFrom lets others connect to this component. A component counts 64 callees of one other namespace at most, those of the
	// oldest stacks.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	AllowFrom []Caller `json:"allowFrom,omitempty"`

	// egress opens connections to addresses outside the stack. Omitted: the class's default. An empty list is nothing.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Egress []EgressRule `json:"egress,omitzero"`

	// strategy says how pods are replaced. Omitted: RollingUpdate, but Recreate for Celery's role Beat and where a volume of the
	// stack is mounted that only one node can attach (ReadWriteOnce).
	// +optional
	Strategy *RolloutStrategy `json:"strategy,omitempty"`

	// restartedAt rolls the component when it changes.
	// +optional
	RestartedAt *metav1.Time `json:"restartedAt,omitempty"`

	// replicas is a fixed number of pods. Neither replicas nor scale: 2 under the profile Production, else 1.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// scale lets the number of pods follow the load.
	// +optional
	Scale *Scale `json:"scale,omitempty"`

	// routes make the component reachable from outside the cluster.
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=name
	// +optional
	Routes []Route `json:"routes,omitempty"`
}

// CeleryRole says which part of Celery a component runs.
// +kubebuilder:validation:Enum=Worker;Beat
type CeleryRole string

// Celery roles.
const (
	// CeleryWorker runs tasks.
	CeleryWorker CeleryRole = "Worker"
	// CeleryBeat sends scheduled tasks: exactly one pod, never two at once.
	CeleryBeat CeleryRole = "Beat"
)

// CelerySettings are the settings of the runtime Celery.
//
// +kubebuilder:validation:XValidation:rule="!has(self.role) || self.role != 'Beat' || (!has(self.queues) && !has(self.concurrency))",message="queues and concurrency go with the role Worker"
type CelerySettings struct {
	// app is the application module, as in celery -A.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_.:]*$`
	// +required
	App string `json:"app,omitempty"`

	// role is Worker (default) or Beat.
	// +optional
	Role CeleryRole `json:"role,omitempty"`

	// queues are the queues that a worker reads. Omitted: the application's default queue.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9_.:-]+$`
	// +listType=set
	// +optional
	Queues []string `json:"queues,omitempty"`

	// concurrency is the number of tasks that one worker pod runs at once. Default 2.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Concurrency *int32 `json:"concurrency,omitempty"`
}

// PortProtocol is what is spoken on a port.
// +kubebuilder:validation:Enum=HTTP;GRPC;TCP;UDP
type PortProtocol string

// Port protocols.
const (
	// PortHTTP is HTTP/1.1 with upgrades.
	PortHTTP PortProtocol = "HTTP"
	// PortGRPC is HTTP/2 in clear text.
	PortGRPC PortProtocol = "GRPC"
	// PortTCP is any protocol over TCP.
	PortTCP PortProtocol = "TCP"
	// PortUDP is any protocol over UDP.
	PortUDP PortProtocol = "UDP"
)

// ComponentPort is a further port of a component.
type ComponentPort struct {
	// name of the port; "http" is the main port's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self != 'http'",message="http is the name of the main port"
	// +required
	Name string `json:"name,omitempty"`

	// port is the number.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`

	// protocol is HTTP, GRPC, TCP (default) or UDP.
	// +optional
	Protocol PortProtocol `json:"protocol,omitempty"`
}

// ComponentSecurityContext is the adjustable part of a pod's security context.
type ComponentSecurityContext struct {
	// runAsUser is the user id. Omitted: 1000 with the runtime NodeJS, else the image's, which must be a number above 0.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	RunAsUser *int64 `json:"runAsUser,omitempty"`

	// runAsGroup is the group id. Omitted: 1000 with the runtime NodeJS where runAsUser is omitted too, else the image's.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	RunAsGroup *int64 `json:"runAsGroup,omitempty"`

	// fsGroup owns the files of the volumes. Omitted: 65532 where a volume of the stack is mounted, else none.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	// +optional
	FSGroup *int64 `json:"fsGroup,omitempty"`

	// readOnlyRootFilesystem defaults to true; /tmp is writable either way.
	// +optional
	ReadOnlyRootFilesystem *bool `json:"readOnlyRootFilesystem,omitempty"`
}

// Caller is a component that may connect.
//
// +kubebuilder:validation:XValidation:rule="has(self.namespace) == has(self.stack)",message="namespace and stack go together"
type Caller struct {
	// namespace of the caller. Omitted: this stack.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// stack of the caller in that namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Stack string `json:"stack,omitempty"`

	// component that may connect.
	// +required
	Component EntryName `json:"component,omitempty"`
}

// RolloutType says how pods are replaced.
// +kubebuilder:validation:Enum=RollingUpdate;Recreate
type RolloutType string

// Rollout types.
const (
	// RolloutRolling starts new pods before old ones stop.
	RolloutRolling RolloutType = "RollingUpdate"
	// RolloutRecreate never runs two at once.
	RolloutRecreate RolloutType = "Recreate"
)

// RolloutStrategy says how pods are replaced.
type RolloutStrategy struct {
	// type is RollingUpdate or Recreate.
	// +required
	Type RolloutType `json:"type,omitempty"`
}
