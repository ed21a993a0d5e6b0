package resolve

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Kinds of data services.
const (
	KindDatabase = "StackDatabase"
	KindCache    = "StackCache"
	KindQueue    = "StackQueue"
)

// View is a StackDatabase, StackCache or StackQueue seen as one thing.
type View struct {
	Kind     string
	Object   client.Object
	Engine   string
	Provider v1alpha1.Provider
	Common   *v1alpha1.DataServiceSpec
	Status   *v1alpha1.DataServiceStatus

	// Backup is the StackBackup that the spec names to begin with; no name: none. Backups says when others are made; nil: on demand.
	Backup  types.NamespacedName
	Backups *v1alpha1.DatabaseBackup

	// Pooler is what the spec says of one; nil: none.
	Pooler *v1alpha1.DatabasePooler
	// extensions that a database has.
	extensions []string

	replicas, shards, nodes int32
	durable                 bool
	eviction                v1alpha1.EvictionPolicy
	grants                  []grant
	topology                *v1alpha1.QueueTopology
	vhosts                  []v1alpha1.VirtualHost

	// recorded is the claimant that the anchor names; it counts where the labels say nothing.
	recorded *v1alpha1.Claimant
}

// grant is one entry of allowedConsumers.
type grant struct {
	namespaces v1alpha1.NamespaceGrant
	databases  []string
	maxAccess  v1alpha1.AccessMode
}

// NewDataService returns an empty object of a kind of data service.
func NewDataService(kind string) client.Object {
	switch kind {
	case KindDatabase:
		return &v1alpha1.StackDatabase{}
	case KindCache:
		return &v1alpha1.StackCache{}
	case KindQueue:
		return &v1alpha1.StackQueue{}
	}
	panic(fmt.Sprintf("%s is not a kind of data service", kind)) // a mistake of ours, not of a user
}

// ViewOf returns the view of a data service.
func ViewOf(object client.Object) *View {
	switch o := object.(type) {
	case *v1alpha1.StackDatabase:
		return viewOfDatabase(o)
	case *v1alpha1.StackCache:
		return viewOfCache(o)
	case *v1alpha1.StackQueue:
		return viewOfQueue(o)
	}
	panic(fmt.Sprintf("%T is not a data service", object)) // a mistake of ours, not of a user
}

func viewOfDatabase(o *v1alpha1.StackDatabase) *View {
	view := &View{
		Kind: KindDatabase, Object: o, Engine: string(o.Spec.Engine), Provider: o.Spec.Provider,
		Common: &o.Spec.DataServiceSpec, Status: &o.Status.DataServiceStatus, Backups: o.Spec.Backup, Pooler: o.Spec.Pooler,
		extensions: o.Spec.Extensions,
		replicas:   valueOr(o.Spec.Replicas, 0),
	}
	if o.Spec.Bootstrap != nil {
		view.Backup = recoveryOf(o)
	}
	for _, g := range o.Spec.AllowedConsumers {
		view.grants = append(view.grants, grant{g.Namespaces, g.Databases, cmp.Or(g.MaxAccess, v1alpha1.AccessReadWrite)})
	}
	return view
}

func viewOfCache(o *v1alpha1.StackCache) *View {
	durable := o.Spec.Persistence == v1alpha1.PersistenceDurable
	eviction := v1alpha1.EvictAllKeysLRU
	if durable {
		eviction = v1alpha1.EvictNothing
	}
	view := &View{
		Kind: KindCache, Object: o, Engine: string(o.Spec.Engine), Provider: o.Spec.Provider,
		Common: &o.Spec.DataServiceSpec, Status: &o.Status,
		replicas: valueOr(o.Spec.Replicas, 0), shards: valueOr(o.Spec.Shards, 1), durable: durable, eviction: cmp.Or(o.Spec.EvictionPolicy, eviction),
	}
	for _, g := range o.Spec.AllowedConsumers {
		view.grants = append(view.grants, grant{namespaces: g.Namespaces, maxAccess: v1alpha1.AccessReadWrite})
	}
	return view
}

func viewOfQueue(o *v1alpha1.StackQueue) *View {
	view := &View{
		Kind: KindQueue, Object: o, Engine: string(o.Spec.Engine), Provider: o.Spec.Provider,
		Common: &o.Spec.DataServiceSpec, Status: &o.Status, nodes: valueOr(o.Spec.Nodes, 1),
		topology: o.Spec.Topology, vhosts: o.Spec.VHosts,
	}
	for _, g := range o.Spec.AllowedConsumers {
		view.grants = append(view.grants, grant{g.Namespaces, g.VHosts, v1alpha1.AccessOwner})
	}
	return view
}

func valueOr[T any](pointer *T, fallback T) T {
	if pointer == nil {
		return fallback
	}
	return *pointer
}

// Claim returns the stack entry that a data service was made for, from its labels; nil when it was made by hand. A label that
// somebody removed is read from the anchor: it must not cost a stack its login.
func (v *View) Claim() *v1alpha1.Claimant {
	labels := v.Object.GetLabels()
	claim := v1alpha1.Claimant{Stack: labels[v1alpha1.LabelStack], Entry: labels[v1alpha1.LabelEntry]}
	if v.recorded != nil {
		full := v1alpha1.Claimant{Stack: cmp.Or(claim.Stack, v.recorded.Stack), Entry: cmp.Or(claim.Entry, v.recorded.Entry)}
		if full == *v.recorded {
			claim = full
		}
	}
	if claim.Stack == "" || claim.Entry == "" {
		return nil
	}
	return &claim
}
