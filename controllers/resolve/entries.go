package resolve

import (
	"cmp"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
)

// Indexes of BackendStacks in the cache.
const (
	// IndexServices finds the stacks that use a data service, by ServiceKey.
	IndexServices = "services"
	// IndexCallees finds the stacks with a component that lets a given stack in, by namespace and name.
	IndexCallees = "callees"
)

// IndexSets finds the ConfigMaps of credential sets in the cache, by anchor.SetKey.
const IndexSets = "credential-set"

// SetKeys returns the key of a credential set's ConfigMap in IndexSets.
func SetKeys(object client.Object) []string {
	if key := object.GetLabels()[anchor.LabelSet]; key != "" {
		return []string{key}
	}
	return nil
}

// Entry is a database, cache or queue of a stack seen as one thing.
type Entry struct {
	Name   string
	Kind   string
	Engine string
	// Namespace and Object name the data service; empty for an external one.
	Namespace, Object string
	// Inline says that the stack makes the service.
	Inline bool
	// External describes a service that runs elsewhere.
	External *v1alpha1.ExternalService
	// Database that is shared; empty for a private one.
	Database string
	// Access that is asked for.
	Access  v1alpha1.AccessMode
	Default bool
	// Type of a binding.
	Type string
	// PoolSize is how many connections each pod may open, where the user says so; else 0.
	PoolSize int32
}

// ServiceKey is the key of a data service in IndexServices.
func ServiceKey(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

// ServiceKeys returns the keys of the data services that a stack uses.
func ServiceKeys(stack *v1alpha1.BackendStack) []string {
	var keys []string
	for _, e := range Entries(stack) {
		if e.Object != "" {
			keys = append(keys, ServiceKey(e.Kind, e.Namespace, e.Object))
		}
	}
	return keys
}

// CalleeKeys returns the stacks that components of a stack let in, as namespace and name.
func CalleeKeys(stack *v1alpha1.BackendStack) []string {
	var keys []string
	for _, c := range stack.Spec.Components {
		for _, caller := range c.AllowFrom {
			if caller.Stack != "" {
				keys = append(keys, caller.Namespace+"/"+caller.Stack)
			}
		}
	}
	return keys
}

// Entries returns the databases, caches, queues and bindings of a stack, in this order.
func Entries(stack *v1alpha1.BackendStack) []Entry {
	var entries []Entry
	for i := range stack.Spec.Databases {
		entries = append(entries, databaseEntry(stack, &stack.Spec.Databases[i]))
	}
	for i := range stack.Spec.Caches {
		entries = append(entries, cacheEntry(stack, &stack.Spec.Caches[i]))
	}
	for i := range stack.Spec.Queues {
		entries = append(entries, queueEntry(stack, &stack.Spec.Queues[i]))
	}
	for i := range stack.Spec.Bindings {
		b := &stack.Spec.Bindings[i]
		entries = append(entries, Entry{Name: string(b.Name), Kind: "Secret", External: &b.ExternalService, Type: b.Type})
	}
	return entries
}

func databaseEntry(stack *v1alpha1.BackendStack, d *v1alpha1.DatabaseEntry) Entry {
	entry := Entry{
		Name: string(d.Name), Kind: KindDatabase, Engine: string(d.Engine), Default: valueOr(d.Default, false), PoolSize: valueOr(d.PoolSize, 0),
	}
	var ref *v1alpha1.ServiceReference
	if d.Ref != nil {
		ref, entry.Database = &d.Ref.ServiceReference, d.Ref.Database
		entry.Access = cmp.Or(d.Access, v1alpha1.AccessReadWrite)
	}
	return entry.locate(stack, ref, d.External)
}

func cacheEntry(stack *v1alpha1.BackendStack, c *v1alpha1.CacheEntry) Entry {
	entry := Entry{
		Name: string(c.Name), Kind: KindCache, Engine: string(c.Engine), Access: cmp.Or(c.Access, v1alpha1.AccessReadWrite),
		Default: valueOr(c.Default, false),
	}
	return entry.locate(stack, c.Ref, c.External)
}

func queueEntry(stack *v1alpha1.BackendStack, q *v1alpha1.QueueEntry) Entry {
	entry := Entry{Name: string(q.Name), Kind: KindQueue, Engine: string(q.Engine), Default: valueOr(q.Default, false)}
	var ref *v1alpha1.ServiceReference
	if q.Ref != nil {
		ref, entry.Database, entry.Access = &q.Ref.ServiceReference, q.Ref.VHost, v1alpha1.AccessReadWrite
	}
	return entry.locate(stack, ref, q.External)
}

func (e Entry) locate(stack *v1alpha1.BackendStack, ref *v1alpha1.ServiceReference, external *v1alpha1.ExternalService) Entry {
	switch {
	case external != nil:
		e.Kind, e.External = "Secret", external
	case ref != nil:
		e.Namespace, e.Object = cmp.Or(ref.Namespace, stack.Namespace), ref.Name
	default:
		e.Inline, e.Namespace, e.Object = true, stack.Namespace, kit.Child(stack.Name, e.Name)
		e.Access = v1alpha1.AccessOwner
	}
	if e.Kind != KindCache && e.Database == "" { // a private database is always owned
		e.Access = v1alpha1.AccessOwner
	}
	return e
}
