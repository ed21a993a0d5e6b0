package v1alpha1

// Route makes a component reachable from outside the cluster.
type Route struct {
	// name of the route.
	// +required
	Name EntryName `json:"name,omitempty"`

	// hostnames that are served. Omitted: the stack's hostnames, else any.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// rules are the paths that are served. Omitted: everything under /.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Rules []RouteRule `json:"rules,omitempty"`
}

// RouteRule serves one path prefix.
type RouteRule struct {
	// name of the rule.
	// +required
	Name EntryName `json:"name,omitempty"`

	// path is a prefix that is matched by whole segments.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*$`
	// +required
	Path string `json:"path,omitempty"`
}
