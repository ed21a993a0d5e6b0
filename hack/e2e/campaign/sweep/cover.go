package sweep

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const (
	// factorBase is the manifest in which the factors stand.
	factorBase = "shop"
	// walks is how many random walks there are, steps how many edits each has.
	walks, steps = 40, 20
	// tries is how many rows are made by chance for each one that is taken into the covering array.
	tries = 60
)

// factor is a field that acts on others.
type factor struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Values []any  `json:"values"`
	// Without are factors that have to be absent when this one is not.
	Without []string `json:"without"`
}

// mix is one value of each factor, by number.
type mix []int

// covering plans a covering array, in which every two values of two factors meet, and random walks.
func (p *plans) covering() error {
	c, err := newCoverage()
	if err != nil {
		return err
	}
	for i, m := range c.array() {
		p.add("pairs", fmt.Sprint(i), func(ctx context.Context, lane *rig.Lane) error {
			return p.pair(ctx, lane, func(walked, fresh *rig.World) error {
				return p.walk(ctx, walked, fresh, []scene{c.base, c.scene(m)})
			})
		})
	}
	for seed := range uint64(walks) {
		p.add("walk", fmt.Sprint(seed), func(ctx context.Context, lane *rig.Lane) error {
			return p.pair(ctx, lane, func(walked, fresh *rig.World) error { return p.walk(ctx, walked, fresh, c.walk(seed)) })
		})
	}
	return nil
}

// coverage combines factors.
type coverage struct {
	factors []factor
	base    scene
}

func newCoverage() (*coverage, error) {
	content, err := tables.ReadFile("factors.yaml")
	if err != nil {
		return nil, err
	}
	c := &coverage{}
	if err := yaml.UnmarshalStrict(content, &c.factors); err != nil {
		return nil, err
	}
	c.base, err = loadScene(factorBase)
	return c, err
}

func (c *coverage) scene(m mix) scene {
	s := c.base.copy()
	object := s.kind("BackendStack")
	for i, f := range c.factors {
		put(object, parsePath(f.Path), whole(f.Values[m[i]]))
	}
	return s
}

// legal makes a mix keep to what excludes each other.
func (c *coverage) legal(m mix) mix {
	for i, f := range c.factors {
		for j, other := range c.factors {
			for _, name := range f.Without {
				if other.Name == name && f.Values[m[i]] != nil {
					m[j] = 0
				}
			}
		}
	}
	return m
}

func (c *coverage) random(random *rand.Rand) mix {
	m := make(mix, len(c.factors))
	for i, f := range c.factors {
		m[i] = random.IntN(len(f.Values))
	}
	return c.legal(m)
}

// met are pairs of values of two factors.
type met map[[4]int]bool

// add notes the pairs of a mix and says how many were new.
func (seen met) add(m mix, keep bool) int {
	added := 0
	for i := range m {
		for j := i + 1; j < len(m); j++ {
			pair := [4]int{i, m[i], j, m[j]}
			if !seen[pair] {
				added++
			}
			if keep {
				seen[pair] = true
			}
		}
	}
	return added
}

// array takes mixes by chance, always the one that brings most that is new, until nothing new comes.
func (c *coverage) array() []mix {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same array in every run
	seen, result := met{}, []mix(nil)
	for {
		var best mix
		most := 0
		for range tries {
			if m := c.random(random); seen.add(m, false) > most {
				best, most = m, seen.add(m, false)
			}
		}
		if most == 0 {
			return result
		}
		seen.add(best, true)
		result = append(result, best)
	}
}

// walk is a row of scenes, each one edit from the one before.
func (c *coverage) walk(seed uint64) []scene {
	random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // the same walk in every run
	m := make(mix, len(c.factors))
	scenes := []scene{c.base}
	for range steps {
		i := random.IntN(len(m))
		m[i] = random.IntN(len(c.factors[i].Values))
		m = c.legal(m)
		scenes = append(scenes, c.scene(m))
	}
	return scenes
}

// walk goes through scenes. At the last the state is that of a world that begins there; and the first is reached again.
func (p *plans) walk(ctx context.Context, walked, fresh *rig.World, scenes []scene) error {
	last := len(scenes) - 1
	p.operations.Add(2)
	if err := errors.Join(scenes[0].apply(ctx, walked), scenes[last].apply(ctx, fresh)); err != nil {
		return err
	}
	if err := errors.Join(rest(ctx, walked), rest(ctx, fresh)); err != nil {
		return err
	}
	begin, err := walked.State(ctx)
	if err != nil {
		return err
	}
	if err := p.edits(ctx, walked, scenes[1:]); err != nil {
		return err
	}
	want, err := fresh.State(ctx)
	if err != nil {
		return err
	}
	if err := becomes(ctx, walked, want, true, "against a fresh one (O3)"); err != nil {
		return err
	}
	p.operations.Add(1)
	if err := scenes[0].apply(ctx, walked); err != nil {
		return fmt.Errorf("the way back: %w", err)
	}
	if err := rest(ctx, walked); err != nil {
		return fmt.Errorf("back: %w", err)
	}
	return becomes(ctx, walked, begin, true, "after the way back (O4)")
}

// edits goes through scenes, and lets the operator come to rest after every fifth, and after the last; and before the strategy
// changes: Kubernetes itself never ends a rollout whose strategy becomes Recreate half way while its replicas change.
func (p *plans) edits(ctx context.Context, w *rig.World, scenes []scene) error {
	recreates := false
	for i, s := range scenes {
		p.operations.Add(1)
		if was := recreates; s.recreates() != was {
			recreates = !was
			if err := rest(ctx, w); err != nil {
				return fmt.Errorf("before edit %d: %w", i+1, err)
			}
		}
		if err := s.apply(ctx, w); err != nil {
			return fmt.Errorf("edit %d: %w", i+1, err)
		}
		if (i+1)%5 != 0 && i != len(scenes)-1 {
			continue
		}
		if err := rest(ctx, w); err != nil {
			return fmt.Errorf("edit %d: %w", i+1, err)
		}
	}
	return nil
}

// recreates says whether the web component of a scene is rolled out by Recreate: it says so, or it shares a claim.
func (s scene) recreates() bool {
	text := fmt.Sprint(s)
	return strings.Contains(text, "Recreate") || strings.Contains(text, "/srv/uploads")
}

// rest waits for the operator; what is suspended is not Ready, nor what uses it.
func rest(ctx context.Context, w *rig.World) error {
	return w.Converged(ctx, v1alpha1.ReasonSuspended, v1alpha1.ReasonDependencyNotReady)
}
