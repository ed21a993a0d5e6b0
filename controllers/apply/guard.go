package apply

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// guardPatience is how long a pass waits for its earlier writes to show in the cache before it goes on without them.
const guardPatience = 10 * time.Second

// Guard remembers what was written for each resource, until the cache shows it: a pass on an older view would write twice, or
// remove what it has just made.
type Guard struct {
	mutex   sync.Mutex
	pending map[string][]write
}

type write struct {
	key     client.ObjectKey
	empty   func() client.Object
	version string    // of the object after a write
	gone    types.UID // of an object that was deleted
	until   time.Time
}

// NewGuard returns an empty guard.
func NewGuard() *Guard { return &Guard{pending: map[string][]write{}} }

// Wrote records a write for an owner.
func (g *Guard) Wrote(owner string, object client.Object, empty func() client.Object, version string) {
	g.add(owner, write{key: client.ObjectKeyFromObject(object), empty: empty, version: version})
}

// Removed records a deletion for an owner.
func (g *Guard) Removed(owner string, object client.Object, empty func() client.Object) {
	g.add(owner, write{key: client.ObjectKeyFromObject(object), empty: empty, gone: object.GetUID()})
}

func (g *Guard) add(owner string, w write) {
	w.until = time.Now().Add(guardPatience)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.pending[owner] = append(g.pending[owner], w)
}

func (g *Guard) forget(owner string) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	delete(g.pending, owner)
}

// Visible says whether the cache shows everything that was written for the owner.
func (g *Guard) Visible(ctx context.Context, cache client.Reader, owner string) bool {
	g.mutex.Lock()
	pending := g.pending[owner]
	delete(g.pending, owner)
	g.mutex.Unlock()
	var rest []write
	for _, w := range pending {
		if time.Now().Before(w.until) && !w.visible(ctx, cache) {
			rest = append(rest, w)
		}
	}
	if len(rest) == 0 {
		return true
	}
	g.mutex.Lock()
	g.pending[owner] = append(g.pending[owner], rest...)
	g.mutex.Unlock()
	return false
}

func (w *write) visible(ctx context.Context, cache client.Reader) bool {
	object := w.empty()
	err := cache.Get(ctx, w.key, object)
	if w.gone != "" {
		return apierrors.IsNotFound(err) || err == nil && (object.GetUID() != w.gone || !object.GetDeletionTimestamp().IsZero())
	}
	if err != nil {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), w.version)
	return err != nil || order >= 0
}
