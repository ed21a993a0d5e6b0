package kit

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Label keys. The first three are the only ones in selectors, and never change for an object.
const (
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelPartOf    = "app.kubernetes.io/part-of"
	LabelManagedBy = "app.kubernetes.io/managed-by"

	// LabelUsesPrefix with the name of an entry marks the pods of components that use it; network policies select by it.
	LabelUsesPrefix = "uses.stackwright.dev/"
)

// ManagedBy is the value of the label managed-by on every object of ours.
const ManagedBy = "stackwright"

// Identity is what a workload is called in its labels.
type Identity struct {
	// Name is the engine in lower case, or the component's name.
	Name string
	// Instance is the data service's or the stack's name.
	Instance string
	// Component tells apart the workloads of one instance: primary, replica, component.
	Component string
	// Stack is the stack it was made for; empty for a data service that nobody claims.
	Stack string
}

// Selector returns the three frozen keys.
func (i Identity) Selector() map[string]string {
	return map[string]string{LabelName: i.Name, LabelInstance: i.Instance, LabelComponent: i.Component}
}

// Labels returns the labels of an object or a pod: the selector, managed-by, and the stack where there is one.
func (i Identity) Labels() map[string]string {
	labels := i.Selector()
	labels[LabelManagedBy] = ManagedBy
	if i.Stack != "" {
		labels[LabelPartOf] = i.Stack
		labels[v1alpha1.LabelStack] = i.Stack
	}
	return labels
}

// Lasting returns the identity without the stack, for what must not change when a stack lets a service go: a label in a pod
// template would restart the pods, and one in a claim template is refused.
func (i Identity) Lasting() Identity {
	i.Stack = ""
	return i
}

// Meta returns the metadata of an object with the labels of the identity.
func (i Identity) Meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: i.Labels()}
}

// With returns a copy of labels with further ones.
func With(labels, more map[string]string) map[string]string {
	result := maps.Clone(labels)
	if result == nil {
		result = map[string]string{}
	}
	maps.Copy(result, more)
	return result
}

// componentRole tells the pods of a stack's components from those of its load balancer and of data services.
const componentRole = "component"

// ComponentIdentity is the identity of a component of a stack. Its type is not part of it: a type can be edited, and selectors
// never change.
func ComponentIdentity(stack, component string) Identity {
	return Identity{Name: component, Instance: stack, Component: componentRole, Stack: stack}
}

// LoadBalancerIdentity is the identity of a stack's load balancer.
func LoadBalancerIdentity(stack string) Identity {
	return Identity{Name: "nginx", Instance: stack, Component: "load-balancer", Stack: stack}
}

// ConsumerLabels select the pods of a stack that use an entry.
func ConsumerLabels(stack, entry string) map[string]string {
	return map[string]string{v1alpha1.LabelStack: stack, LabelUsesPrefix + entry: "true"}
}
