// Package tenant lets an adversarial tenant try what tenants of other operators got away with. What has to come of each attack is
// written beside it; a neighbour has to stay as it was, byte by byte.
package tenant

import (
	"context"
	"errors"
	"fmt"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign tries every attack.
type Campaign struct {
	// Say prints progress.
	Say func(format string, args ...any)
}

// Name of the campaign.
func (Campaign) Name() (name, tries string) {
	return "tenant", "named attacks of a tenant who may edit the kinds of Stackwright in one namespace, with the result written first"
}

// Prepare lists the attacks.
func (c Campaign) Prepare(_ context.Context, _ []*rig.Lane, only string) ([]campaign.Plan, error) {
	shared := &rooms{}
	var plans []campaign.Plan
	for _, attack := range Attacks() {
		if !campaign.Wanted(attack.ID(), only) {
			continue
		}
		if attack.Skipped != "" {
			c.Say("%s is not tried: %s", attack.ID(), attack.Skipped)
			continue
		}
		plans = append(plans, campaign.Plan{ID: attack.ID(), Run: func(ctx context.Context, lane *rig.Lane) error {
			room, err := shared.of(ctx, lane)
			if err != nil {
				return err
			}
			if err := room.try(ctx, &attack); err != nil {
				return fmt.Errorf("expected: %s\n%w", attack.Expect, err)
			}
			return nil
		}})
	}
	return plans, nil
}

// try runs one attack, and holds everything against what was expected.
func (r *room) try(ctx context.Context, attack *Attack) error {
	scene, err := r.scene(ctx, attack)
	if err != nil {
		return err
	}
	defer scene.close(ctx)
	err = scene.play(ctx)
	if err == nil || scene.World != r.anteroom {
		return err
	}
	// What should have been refused may have got in, and would be in the way of the next attack.
	r.anteroom.Close(ctx)
	fresh, failed := r.world(ctx)
	if failed == nil {
		r.anteroom, scene.World = fresh, fresh
	}
	return errors.Join(err, failed)
}

// play sends the attack, and judges what came of it.
func (s *scene) play(ctx context.Context) error {
	for i := range s.attack.Steps {
		if err := s.send(ctx, s.attack.Steps[i]); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	if s.attack.Act != nil {
		if err := s.attack.Act(ctx, s); err != nil {
			return err
		}
	}
	if err := s.Converged(ctx, s.attack.reasons()...); err != nil {
		return err
	}
	return errors.Join(
		s.shows(ctx), s.kept(ctx), s.harmless(ctx), s.checked(ctx),
		s.written(), s.authority(), s.dialled(), s.neighbourly(ctx),
	)
}
