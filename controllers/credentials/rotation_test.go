package credentials

import (
	"context"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

// rotating is a maker at a time at which every login of the first one is due.
func rotating(c *creations, seen ...types.NamespacedName) *Maker {
	m := maker(c, seen...)
	m.Declared = &v1alpha1.Credentials{RotateEvery: "1h"}
	m.Now = now.Add(90 * time.Minute)
	return m
}

// TestRotationMakesTheOtherLogin: and once only, whatever time passes before its end.
func TestRotationMakesTheOtherLogin(t *testing.T) {
	c := &creations{}
	first := ensure(t, maker(c), &anchor.Anchor{}, consumers...)
	next := ensure(t, rotating(c), first, consumers...)
	for i := range next.Consumers {
		old, got := first.Consumers[i], next.Consumers[i]
		switch {
		case got.Login == old.Login || got.Set.Version != 2 || got.Set.Digest == old.Set.Digest || got.Set.Facts != old.Set.Facts:
			t.Errorf("from %+v to %+v", old, got)
		case got.Rotation != anchor.RotationMaking || got.Previous == nil || got.Current().Binding != old.Set.Binding:
			t.Errorf("told of %+v before it works", got)
		}
	}
	if next.Admin.Secret != first.Admin.Secret || next.Certificate.Secret != first.Certificate.Secret {
		t.Error("the service's own credentials changed")
	}
	made := len(c.objects)
	for _, step := range []func(*anchor.Consumer){
		func(*anchor.Consumer) {},
		func(c *anchor.Consumer) { c.Rotation = "" },
		func(c *anchor.Consumer) { c.Rotation = anchor.RotationRetiring },
	} {
		step(&next.Consumers[0])
		step(&next.Consumers[1])
		late := rotating(c)
		late.Now = late.Now.Add(1000 * time.Hour)
		if again := ensure(t, late, next, consumers...); !anchor.Equal(again, next) || len(c.objects) != made {
			t.Errorf("another rotation begins while one is at %+v", next.Consumers[0])
		}
	}
	suspended := *service
	suspended.Suspended = true
	m := rotating(c)
	if again, err := m.Ensure(context.Background(), &suspended, first, consumers); err != nil || !anchor.Equal(again, first) {
		t.Errorf("a service that is suspended rotates: %v, %+v", err, again.Consumers[0])
	}
}

// TestLoginThatNobodyWasToldOfIsReplaced: the one that pods use stays, with its password.
func TestLoginThatNobodyWasToldOfIsReplaced(t *testing.T) {
	c := &creations{}
	first := ensure(t, maker(c), &anchor.Anchor{}, consumers[0])
	next := ensure(t, rotating(c), first, consumers[0])
	next.Drop(next.Consumers[0].Set.ConfigMap)
	again := ensure(t, rotating(c), next, consumers[0]).Consumers[0]
	if again.Login != next.Consumers[0].Login || again.Set.Version != 4 || again.Set.Digest == next.Consumers[0].Set.Digest {
		t.Errorf("from %+v to %+v", next.Consumers[0], again)
	}
	if again.Current().Secret != first.Consumers[0].Set.Secret || again.Rotation != anchor.RotationMaking {
		t.Errorf("the login that pods use is %+v", again.Current())
	}
}

// TestRotationEndsTheSameAfterACrash: a step whose result is lost is made again, and the end is the same but for the number of
// the version.
func TestRotationEndsTheSameAfterACrash(t *testing.T) {
	const steps = 5
	for crash := range steps + 1 {
		t.Run(fmt.Sprintf("after step %d", crash), func(t *testing.T) {
			c := &creations{}
			a := ensure(t, maker(c), &anchor.Anchor{}, consumers...)
			first, told := a.Clone(), map[string]bool{}
			for step := 0; step < steps; step++ {
				next := pass(t, c, a)
				if step == crash { // nothing of it was written, and the next pass sees what was created
					next = pass(t, c, a)
				}
				for i := range next.Consumers {
					told[next.Consumers[i].Current().Secret] = true
				}
				a = next
			}
			for i := range a.Consumers {
				old, got := first.Consumers[i], a.Consumers[i]
				if got.Previous != nil || got.Rotation != "" || got.Login == old.Login || got.Set.Digest == old.Set.Digest {
					t.Errorf("from %+v to %+v", old, got)
				}
			}
			if len(told) != 4 {
				t.Errorf("consumers were told of %d sets: %v", len(told), told)
			}
		})
	}
}

// pass is what a pass over a service makes of its anchor where every Job succeeds and every pod rolls at once: one step of each
// rotation, as the pipeline does it.
func pass(t *testing.T, c *creations, recorded *anchor.Anchor) *anchor.Anchor {
	t.Helper()
	var seen []types.NamespacedName
	for _, object := range c.objects {
		seen = append(seen, client.ObjectKeyFromObject(object))
	}
	next := ensure(t, rotating(c, seen...), recorded, consumers...)
	if !anchor.Equal(next, recorded) {
		return next
	}
	working := next.Clone()
	if working.Provisioned(); !anchor.Equal(working, next) {
		return working
	}
	for i := range next.Consumers {
		if next.Consumers[i].Moving() {
			next.Consumers[i].Released()
		}
	}
	return next
}
