package resolve

import (
	"cmp"
	"context"
	"sync"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// usualPool is what is reckoned with for each pod where nobody says more: about what the pools of common libraries open.
const usualPool = 10

// connections is how many connections a stack's pods may open to a database at once, with every component that uses it at its
// highest number of pods. A suspended stack counts: it comes back.
func (r *Resolver) connections(ctx context.Context, stack *v1alpha1.BackendStack, entry Entry) int64 {
	if entry.Kind != KindDatabase {
		return 0
	}
	floor := sync.OnceValue(func() int32 { // a class is looked up for stacks that need it only: a service may have hundreds
		if class, err := r.Class(ctx, stack.Namespace, stack.Spec.StackClassName); err == nil && class.Production() {
			return 2 // a class that does not admit the stack is the stack's own problem
		}
		return 1
	})
	var pods int64
	for i := range stack.Spec.Components {
		if c := &stack.Spec.Components[i]; uses(c, entry.Name) {
			pods += int64(mostPods(c, floor))
		}
	}
	return pods * int64(cmp.Or(entry.PoolSize, usualPool))
}

// mostPods is the highest number of pods of a component; floor is that of one that says nothing.
func mostPods(c *v1alpha1.Component, floor func() int32) int32 {
	switch {
	case c.Scale != nil:
		return c.Scale.Max
	case c.Replicas != nil:
		return *c.Replicas
	case single(*c):
		return 1
	}
	return floor()
}
