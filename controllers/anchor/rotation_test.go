package anchor_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
)

func at(text string) time.Time {
	result, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return result
}

// TestWhenALoginIsDue: the login was made at 2026-11-01.
func TestWhenALoginIsDue(t *testing.T) {
	for name, c := range map[string]struct {
		every, rotatedAt, now string
		change                func(*anchor.Consumer)
		due                   bool
		next                  string
	}{
		"nothing is declared":            {now: "2046-11-01T00:00:00Z"},
		"it is young":                    {every: "720h", now: "2026-11-30T23:59:59Z", next: "2026-12-01T00:00:00Z"},
		"it has the age":                 {every: "720h", now: "2026-12-01T00:00:00Z", due: true, next: "2026-12-01T00:00:00Z"},
		"it was made before":             {rotatedAt: "2026-11-02T00:00:00Z", now: "2026-11-02T00:00:00Z", due: true, next: "2026-11-02T00:00:00Z"},
		"it was made at that time":       {rotatedAt: "2026-11-01T00:00:00Z", now: "2026-11-02T00:00:00Z"},
		"it was made after":              {rotatedAt: "2026-10-31T00:00:00Z", now: "2026-11-02T00:00:00Z"},
		"the time is still to come":      {rotatedAt: "2026-12-24T00:00:00Z", now: "2026-11-02T00:00:00Z", next: "2026-12-24T00:00:00Z"},
		"the time comes before the age":  {every: "720h", rotatedAt: "2026-11-05T00:00:00Z", now: "2026-11-02T00:00:00Z", next: "2026-11-05T00:00:00Z"},
		"the age comes before the time":  {every: "48h", rotatedAt: "2026-11-05T00:00:00Z", now: "2026-11-02T00:00:00Z", next: "2026-11-03T00:00:00Z"},
		"the age comes after the time":   {every: "720h", rotatedAt: "2026-10-01T00:00:00Z", now: "2026-11-02T00:00:00Z", next: "2026-12-01T00:00:00Z"},
		"nobody knows when it was made":  {every: "720h", now: "2026-11-02T00:00:00Z", change: func(c *anchor.Consumer) { c.Set.CreatedAt = "" }, due: true, next: "0001-01-31T00:00:00Z"},
		"the one before is still in use": {every: "1h", now: "2026-12-01T00:00:00Z", change: func(c *anchor.Consumer) { c.Previous = &anchor.Set{} }},
		"the stack left":                 {every: "1h", now: "2026-12-01T00:00:00Z", change: func(c *anchor.Consumer) { c.Departed = true }},
		"the engine has no logins":       {every: "1h", now: "2026-12-01T00:00:00Z", change: func(c *anchor.Consumer) { c.Login = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			declared := &v1alpha1.Credentials{RotateEvery: c.every}
			if c.rotatedAt != "" {
				declared.RotatedAt = &metav1.Time{Time: at(c.rotatedAt)}
			}
			consumer := anchor.Consumer{Login: "shop_a", Set: set("shop-main-binding-v1-bcdfg")}
			if c.change != nil {
				c.change(&consumer)
			}
			s := anchor.ScheduleOf(declared)
			if got := s.Due(&consumer, at(c.now)); got != c.due {
				t.Errorf("due: %v", got)
			}
			var next time.Time
			if c.next != "" {
				next = at(c.next)
			}
			if got := (&anchor.Anchor{Consumers: []anchor.Consumer{consumer}}).Next(s); !got.Equal(next) {
				t.Errorf("next at %s", got)
			}
		})
	}
}

// TestCurrentLogin: a consumer is told of the newest login that works, and rooms are told what is to be made and taken back.
func TestCurrentLogin(t *testing.T) {
	for _, c := range []struct {
		rotation     anchor.Rotation
		current      string
		previous     bool
		retired      bool
		moving       bool
		afterwards   bool
		description  string
		withPrevious bool
	}{
		{description: "one login", current: "v2"},
		{description: "the next is made", withPrevious: true, rotation: anchor.RotationMaking, current: "v1", previous: true, afterwards: true},
		{description: "pods roll", withPrevious: true, current: "v2", previous: true, moving: true, afterwards: true},
		{description: "it is taken back", withPrevious: true, rotation: anchor.RotationRetiring, current: "v2", retired: true},
	} {
		t.Run(c.description, func(t *testing.T) {
			a := sound()
			a.Consumers = a.Consumers[:1]
			consumer := &a.Consumers[0]
			if consumer.Rotation = c.rotation; !c.withPrevious {
				consumer.Previous = nil
			}
			facts := consumer.Facts()
			if got := consumer.Current().Secret; got != "shop-main-binding-"+c.current+"-bcdfg" {
				t.Errorf("it is told of %s", got)
			}
			if facts.Credential.Secret != "shop-main-binding-v2-bcdfg" || (facts.Previous != nil) != c.previous || facts.Retired != c.retired {
				t.Errorf("rooms are told %+v", facts)
			}
			if consumer.Moving() != c.moving {
				t.Errorf("moving: %v", consumer.Moving())
			}
			a.Provisioned()
			if consumer.Rotation != "" || (consumer.Previous != nil) != c.afterwards {
				t.Errorf("once the engine has them: %+v", consumer)
			}
		})
	}
}

func TestLoginsThatAreStillUsed(t *testing.T) {
	a := sound()
	if got := a.Earlier(); len(got) != 1 || got[0] != "shop/shop" {
		t.Errorf("%v", got)
	}
	a.Consumers[0].Released()
	if got := a.Earlier(); len(got) != 0 || a.Consumers[0].Rotation != anchor.RotationRetiring {
		t.Errorf("%v of %+v", got, a.Consumers[0])
	}
	without := anchor.Consumer{Previous: &anchor.Set{}}
	if without.Released(); without.Previous != nil || without.Rotation != "" {
		t.Errorf("an engine without logins keeps %+v", without)
	}
}
