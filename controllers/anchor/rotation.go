package anchor

import (
	"fmt"
	"slices"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// Rotation is how far a consumer has come from one login to the next.
type Rotation string

const (
	// RotationMaking says that the login of the newest version is being made. Until it works the consumer keeps the one before.
	RotationMaking Rotation = "Making"
	// RotationRetiring says that no pod uses the login before any more. It is being taken back.
	RotationRetiring Rotation = "Retiring"
)

// checkPrevious checks the version before, which a consumer may be told of again.
func (c *Consumer) checkPrevious(prefixes []string) error {
	if !slices.Contains([]Rotation{"", RotationMaking, RotationRetiring}, c.Rotation) {
		return fmt.Errorf("rotation %q is not a state", c.Rotation)
	}
	if c.Previous == nil {
		if c.Rotation != "" {
			return fmt.Errorf("rotation %s has no previous version", c.Rotation)
		}
		return nil
	}
	if !BindingName(c.Stack, c.Entry, c.Previous.Binding) {
		return fmt.Errorf("previous binding %q is not a name of ours", c.Previous.Binding)
	}
	if err := c.Previous.check(prefixes...); err != nil {
		return fmt.Errorf("previous: %w", err)
	}
	return nil
}

// Current is the version that the consumer is told to use: the newest one whose login works.
func (c *Consumer) Current() *Set {
	if c.Rotation == RotationMaking && c.Previous != nil {
		return c.Previous
	}
	return &c.Set
}

// Moving says that pods of the consumer may use its login before although it was told of the newest one.
func (c *Consumer) Moving() bool { return !c.Departed && c.Previous != nil && c.Rotation == "" }

// Released notes that no pod of the consumer uses its login before any more. Where there are no logins, nothing is taken back.
func (c *Consumer) Released() {
	if c.Login == "" {
		c.Previous = nil
		return
	}
	c.Rotation = RotationRetiring
}

// Provisioned notes that the engine has exactly the logins that the anchor names: new ones work, those of consumers that left
// and those that nobody uses are gone.
func (a *Anchor) Provisioned() {
	a.Forget(func(Consumer) bool { return true })
	for i := range a.Consumers {
		c := &a.Consumers[i]
		if c.Rotation == RotationRetiring {
			c.Previous = nil
		}
		c.Rotation = ""
	}
}

// Schedule says when logins are replaced. The zero value never does.
type Schedule struct {
	// Every is the age at which a login is replaced; 0: it has none.
	Every time.Duration
	// At is the time before which no login may have been made, once it has come.
	At time.Time
}

// ScheduleOf reads what a service declares. What the schema does not let in says nothing.
func ScheduleOf(declared *v1alpha1.Credentials) Schedule {
	var s Schedule
	if declared == nil {
		return s
	}
	if every, err := time.ParseDuration(declared.RotateEvery); err == nil && every > 0 {
		s.Every = every
	}
	if declared.RotatedAt != nil {
		s.At = declared.RotatedAt.Time
	}
	return s
}

// Next is when a set has to be replaced; zero: never. One that does not tell when it was made is as old as can be.
func (s Schedule) Next(set *Set) time.Time {
	made := set.MadeAt()
	var next time.Time
	if s.Every > 0 {
		next = made.Add(s.Every)
	}
	if s.At.After(made) && (next.IsZero() || s.At.Before(next)) {
		next = s.At
	}
	return next
}

// Due says whether a consumer's login has to be replaced now. There are only two logins: the next rotation begins when the one
// before has ended.
func (s Schedule) Due(c *Consumer, now time.Time) bool {
	next := s.Next(&c.Set)
	return c.rotates() && !next.IsZero() && !now.Before(next)
}

// Next is when the next login has to be replaced; zero: no time is known.
func (a *Anchor) Next(s Schedule) time.Time {
	var earliest time.Time
	for i := range a.Consumers {
		next := s.Next(&a.Consumers[i].Set)
		if a.Consumers[i].rotates() && !next.IsZero() && (earliest.IsZero() || next.Before(earliest)) {
			earliest = next
		}
	}
	return earliest
}

func (c *Consumer) rotates() bool { return !c.Departed && c.Login != "" && c.Previous == nil }

// MadeAt is when the set was made; zero where it does not tell.
func (s *Set) MadeAt() time.Time {
	made, err := time.Parse(time.RFC3339, s.CreatedAt)
	if err != nil {
		return time.Time{}
	}
	return made
}

// Earlier names the consumers whose pods may use an earlier login, as namespace/stack, each once.
func (a *Anchor) Earlier() []string {
	var names []string
	for i := range a.Consumers {
		if c := &a.Consumers[i]; c.Moving() {
			names = append(names, c.Namespace+"/"+c.Stack)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
