package v1alpha1

import (
	"maps"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EntryName names a component, a service or a volume of a stack: a DNS label, short enough that every child name fits its limit.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=30
// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
type EntryName string

// Hostname is a DNS name in lower case, with an optional leading "*." label.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
type Hostname string

// Capacity is an amount of storage as a quantity, such as 10Gi.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=24
// +kubebuilder:validation:Pattern=`^[1-9][0-9]*(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$`
type Capacity string

// CIDR is an address range such as 10.0.0.0/8.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be an address range such as 203.0.113.0/24"
type CIDR string

// LocalReference names an object in the same namespace.
type LocalReference struct {
	// name is the object's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +required
	Name string `json:"name,omitempty"`
}

// NamespaceSelector matches the labels of namespaces, in the shape of meta/v1.LabelSelector. It is bounded here so that one that
// cannot be read is refused: it would match nothing.
type NamespaceSelector struct {
	// matchLabels are the labels that a namespace has to have.
	// +optional
	MatchLabels Labels `json:"matchLabels,omitempty"`

	// matchExpressions are what the labels of a namespace have to fulfil besides.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	MatchExpressions []NamespaceRequirement `json:"matchExpressions,omitempty"`
}

// Labels are labels that a namespace or node has to have.
//
// +kubebuilder:object:generate=false
// +kubebuilder:validation:MaxProperties=16
// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="labels have keys such as team or example.com/team"
type Labels map[string]LabelValue

// LabelValue is the value of a label. As an alias it leaves maps of it plain ones.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
type LabelValue = string

// DeepCopy returns a copy.
func (l Labels) DeepCopy() Labels { return maps.Clone(l) }

// NamespaceRequirement is what one label of a namespace has to fulfil.
//
// +kubebuilder:validation:XValidation:rule="(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",fieldPath=".values",message="values go with the operators In and NotIn, which need some"
type NamespaceRequirement struct {
	// key of the label.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	// +required
	Key string `json:"key,omitempty"`

	// operator is In, NotIn, Exists or DoesNotExist.
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
	// +required
	Operator metav1.LabelSelectorOperator `json:"operator,omitempty"`

	// values that the label has, or has not.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
	// +listType=atomic
	// +optional
	Values []string `json:"values,omitempty"`
}

// LabelSelector is the selector as Kubernetes reads it; nil stays nil.
func (s *NamespaceSelector) LabelSelector() *metav1.LabelSelector {
	if s == nil {
		return nil
	}
	selector := &metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, r := range s.MatchExpressions {
		selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement(r))
	}
	return selector
}

// Resources are what one container asks for and may take.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.requests) && has(self.limits) && has(self.requests.cpu) && has(self.limits.cpu)) || quantity(string(self.requests.cpu)).compareTo(quantity(string(self.limits.cpu))) <= 0",fieldPath=".requests",message="cpu of requests must not be greater than of limits"
// +kubebuilder:validation:XValidation:rule="!(has(self.requests) && has(self.limits) && has(self.requests.memory) && has(self.limits.memory)) || quantity(string(self.requests.memory)).compareTo(quantity(string(self.limits.memory))) <= 0",fieldPath=".requests",message="memory of requests must not be greater than of limits"
type Resources struct {
	// requests is what is set aside for the container.
	// +optional
	Requests *ResourceAmounts `json:"requests,omitempty"`

	// limits is what the container may take at most.
	// +optional
	Limits *ResourceAmounts `json:"limits,omitempty"`
}

// ResourceAmounts are amounts of computing resources.
//
// +kubebuilder:validation:XValidation:rule="!has(self.cpu) || quantity(string(self.cpu)).isGreaterThan(quantity('0'))",fieldPath=".cpu",message="cpu must be positive"
// +kubebuilder:validation:XValidation:rule="!has(self.memory) || quantity(string(self.memory)).isGreaterThan(quantity('0'))",fieldPath=".memory",message="memory must be positive"
type ResourceAmounts struct {
	// cpu in cores, such as 500m.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`

	// memory in bytes, such as 256Mi.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// EgressRule opens connections to addresses outside the stack.
//
// +kubebuilder:validation:XValidation:rule="has(self.cidrs) != has(self.hosts)",message="exactly one of cidrs and hosts is needed"
type EgressRule struct {
	// cidrs are the address ranges that may be reached.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +optional
	CIDRs []CIDR `json:"cidrs,omitempty"`

	// hosts are names that may be reached. NetworkPolicy cannot match names: the ports are opened to every public
	// address, and the capability's verdict is Fallback.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +optional
	Hosts []Hostname `json:"hosts,omitempty"`

	// ports are TCP ports. Omitted: all of them.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	// +listType=set
	// +optional
	Ports []int32 `json:"ports,omitempty"`
}

// ResolvedClass is the class that applied to the observed generation.
type ResolvedClass struct {
	// name of the StackClass; empty for the built-in defaults.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Name string `json:"name,omitempty"`

	// generation of the StackClass that was applied.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Generation int64 `json:"generation,omitempty"`
}

// Verdict says how a declared capability is served.
// +kubebuilder:validation:Enum=Enforced;Fallback;Unsupported
type Verdict string

// Verdicts.
const (
	// VerdictEnforced: the capability is in force.
	VerdictEnforced Verdict = "Enforced"
	// VerdictFallback: something weaker is in force; the message says what.
	VerdictFallback Verdict = "Fallback"
	// VerdictUnsupported: nothing is in force; the message says why.
	VerdictUnsupported Verdict = "Unsupported"
)

// CapabilityVerdict says how one declared capability is served.
type CapabilityVerdict struct {
	// name of the capability, such as LoadBalancing.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// subject is the entry that declared it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Subject string `json:"subject,omitempty"`

	// verdict is Enforced, Fallback or Unsupported.
	// +required
	Verdict Verdict `json:"verdict,omitempty"`

	// provider serves it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Provider string `json:"provider,omitempty"`

	// message gives the reason.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Message string `json:"message,omitempty"`
}

// BindingReference names a Secret in the shape of servicebinding.io.
type BindingReference struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// conditionsOf lets one piece of code read and write the conditions of every kind.
type conditionsOf interface {
	GetConditions() *[]metav1.Condition
}

var (
	_ conditionsOf = &BackendStack{}
	_ conditionsOf = &StackDatabase{}
	_ conditionsOf = &StackCache{}
	_ conditionsOf = &StackQueue{}
	_ conditionsOf = &StackClass{}
)

// GetConditions returns the conditions of the stack's status.
func (s *BackendStack) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }

// GetConditions returns the conditions of the database's status.
func (s *StackDatabase) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }

// GetConditions returns the conditions of the cache's status.
func (s *StackCache) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }

// GetConditions returns the conditions of the queue's status.
func (s *StackQueue) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }

// GetConditions returns the conditions of the class's status.
func (s *StackClass) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }
