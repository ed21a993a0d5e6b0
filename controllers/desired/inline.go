package desired

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// inlineServices are the data services that a stack makes: it owns exactly the fields that are written inline.
func inlineServices(plan *resolve.StackPlan) []client.Object {
	stack := plan.Object
	var objects []client.Object
	for i := range stack.Spec.Databases {
		if entry := &stack.Spec.Databases[i]; entry.Ref == nil && entry.External == nil {
			objects = append(objects, &v1alpha1.StackDatabase{
				ObjectMeta: inlineMeta(stack, string(entry.Name)),
				Spec: v1alpha1.StackDatabaseSpec{
					Engine: v1alpha1.DatabaseEngine(entry.Engine), Provider: v1alpha1.Provider(entry.Provider),
					DatabaseSettings: entry.DatabaseSettings, DataServiceSpec: inlineSpec(plan, string(entry.Name), &entry.DataServiceSpec),
				},
			})
		}
	}
	for i := range stack.Spec.Caches {
		if entry := &stack.Spec.Caches[i]; entry.Ref == nil && entry.External == nil {
			objects = append(objects, &v1alpha1.StackCache{
				ObjectMeta: inlineMeta(stack, string(entry.Name)),
				Spec: v1alpha1.StackCacheSpec{
					Engine: entry.Engine, Provider: v1alpha1.Provider(entry.Provider),
					CacheSettings: entry.CacheSettings, DataServiceSpec: inlineSpec(plan, string(entry.Name), &entry.DataServiceSpec),
				},
			})
		}
	}
	for i := range stack.Spec.Queues {
		if entry := &stack.Spec.Queues[i]; entry.Ref == nil && entry.External == nil {
			objects = append(objects, &v1alpha1.StackQueue{
				ObjectMeta: inlineMeta(stack, string(entry.Name)),
				Spec: v1alpha1.StackQueueSpec{
					Engine: entry.Engine, Provider: v1alpha1.Provider(entry.Provider),
					QueueSettings: entry.QueueSettings, DataServiceSpec: inlineSpec(plan, string(entry.Name), &entry.DataServiceSpec),
				},
			})
		}
	}
	return objects
}

func inlineMeta(stack *v1alpha1.BackendStack, entry string) metav1.ObjectMeta {
	identity := kit.Identity{Name: entry, Instance: stack.Name, Component: "service", Stack: stack.Name}
	meta := identity.Meta(stack.Namespace, kit.Child(stack.Name, entry))
	meta.Labels[v1alpha1.LabelEntry] = entry
	return meta
}

// inlineSpec adds what follows from the stack: its class, and its suspension where no other stack uses the service.
func inlineSpec(plan *resolve.StackPlan, entry string, written *v1alpha1.DataServiceSpec) v1alpha1.DataServiceSpec {
	spec := *written.DeepCopy()
	if spec.StackClassName == "" {
		spec.StackClassName = plan.Object.Spec.StackClassName
	}
	if plan.Stack.Suspended && !shared(plan, entry) {
		spec.Suspend = kit.Ptr(true)
	}
	return spec
}

func shared(plan *resolve.StackPlan, entry string) bool {
	for i := range plan.Entries {
		if plan.Entries[i].Name == entry {
			return plan.Entries[i].Shared
		}
	}
	return false
}
