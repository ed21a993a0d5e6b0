package v1alpha1

// ComponentProbes override the generated probes.
type ComponentProbes struct {
	// startup delays the others until it succeeds.
	// +optional
	Startup *Probe `json:"startup,omitempty"`

	// readiness decides whether a pod gets requests.
	// +optional
	Readiness *Probe `json:"readiness,omitempty"`

	// liveness restarts the container when it fails.
	// +optional
	Liveness *Probe `json:"liveness,omitempty"`
}

// Probe asks a container how it is.
//
// +kubebuilder:validation:XValidation:rule="[has(self.httpGet), has(self.tcpSocket), has(self.exec)].filter(x, x).size() == 1",message="exactly one of httpGet, tcpSocket and exec is needed"
type Probe struct {
	// httpGet succeeds on a status from 200 to 399.
	// +optional
	HTTPGet *HTTPGetProbe `json:"httpGet,omitempty"`

	// tcpSocket succeeds when the port accepts a connection.
	// +optional
	TCPSocket *TCPSocketProbe `json:"tcpSocket,omitempty"`

	// exec succeeds when the command exits with 0.
	// +optional
	Exec *ExecProbe `json:"exec,omitempty"`

	// initialDelaySeconds before the first try, in seconds. Default 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	InitialDelaySeconds *int32 `json:"initialDelaySeconds,omitempty"`

	// periodSeconds between tries, in seconds. Default 10, for startup 2.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	PeriodSeconds *int32 `json:"periodSeconds,omitempty"`

	// timeoutSeconds of one try, in seconds. Default 5.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=600
	// +optional
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// failureThreshold is the number of failures in a row that count. Default 3, for startup 90.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	FailureThreshold *int32 `json:"failureThreshold,omitempty"`
}

// HTTPGetProbe asks for a path.
type HTTPGetProbe struct {
	// path that is asked.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/[-A-Za-z0-9._~!$&'()*+,;=:@%/?]*$`
	// +required
	Path string `json:"path,omitempty"`

	// port that is asked. Omitted: the main port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port *int32 `json:"port,omitempty"`
}

// TCPSocketProbe connects to a port.
type TCPSocketProbe struct {
	// port that is connected to. Omitted: the main port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port *int32 `json:"port,omitempty"`
}

// ExecProbe runs a command in the container.
type ExecProbe struct {
	// command with its arguments.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	// +required
	Command []string `json:"command,omitempty"`
}
