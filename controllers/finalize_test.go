package controllers_test

import (
	"errors"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// TestFinalizerComesBack: somebody who takes the finalizer away does not take the deletion policy away.
func TestFinalizerComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deletable()
	edit(w, "shop-main", databaseNamed("shop-main"), func(d *v1alpha1.StackDatabase) { d.Finalizers = nil })
	w.eventually("the finalizer is held again", func() error {
		if len(get(w, "shop-main", databaseNamed("shop-main")).Finalizers) == 0 {
			return errors.New("no finalizer")
		}
		return nil
	})
}
