package sweep

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// settleLimit is how long a state may take that others are compared with.
const settleLimit = 20 * time.Second

// effects plans for every leaf: each of its values has the declared effect (O5), the state is that of a fresh start (O3), and the way
// back ends where it began (O4).
func (p *plans) effects() {
	for i := range p.nodes {
		if n := &p.nodes[i]; n.leaf() {
			r := p.rows[n.String()]
			p.add("leaf", n.String(), func(ctx context.Context, lane *rig.Lane) error { return p.effect(ctx, lane, r) })
		}
	}
}

func (p *plans) effect(ctx context.Context, lane *rig.Lane, r *row) error {
	scenes, err := p.scenes(ctx, lane, r)
	if err != nil {
		return err
	}
	return p.pair(ctx, lane, func(walked, fresh *rig.World) error {
		run := &effectRun{plans: p, row: r, scenes: scenes, walked: walked, fresh: fresh}
		err := run.start(ctx)
		if err == nil && r.Immutable {
			err = run.immutable(ctx)
		} else if err == nil {
			err = run.through(ctx)
		}
		for _, s := range scenes {
			s.deleteClasses(ctx, walked)
			s.deleteClasses(ctx, fresh)
		}
		return err
	})
}

// scenes are those of the row's values, and the one without the leaf where that is allowed.
func (p *plans) scenes(ctx context.Context, lane *rig.Lane, r *row) ([]scene, error) {
	var scenes []scene
	for _, value := range r.Try {
		s, err := r.scene(value)
		if err != nil {
			return nil, err
		}
		scenes = append(scenes, s)
	}
	without := scenes[0].without(r.kind, r.path())
	p.operations.Add(1)
	if !r.Immutable && !r.Once && without.judge(ctx, lane.Client, r.kind) == nil {
		scenes = append(scenes, without)
	}
	return scenes, nil
}

// pair gives two worlds to do, and looks for what was written elsewhere (O9) and for credentials that are not whole (D6).
func (p *plans) pair(ctx context.Context, lane *rig.Lane, do func(walked, fresh *rig.World) error) error {
	mark := lane.Proxy.Mark()
	walked, err := lane.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer walked.Close(ctx)
	fresh, err := lane.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer fresh.Close(ctx)
	for _, namespace := range append(walked.Namespaces(), fresh.Namespaces()...) {
		lane.Safety.Allow(namespace, rig.RemoveCopies)
	}
	if err := do(walked, fresh); err != nil {
		return err
	}
	for _, r := range lane.Proxy.Since(mark) {
		if r.Write() && r.Namespace == "" && r.Resource != "stackclasses" {
			return fmt.Errorf("the operator wrote outside of the plan's namespaces (O9): %s", r.String())
		}
	}
	return walked.CredentialsWhole(ctx)
}

// effectRun tries a leaf in two worlds: one walks through all values, the other begins with the second one.
type effectRun struct {
	*plans
	row           *row
	scenes        []scene
	walked, fresh *rig.World
	// shown are the texts in which the values showed.
	shown []string
	begin rig.State
}

func (e *effectRun) start(ctx context.Context) error {
	second := min(1, len(e.scenes)-1)
	e.operations.Add(2)
	if err := errors.Join(e.scenes[0].apply(ctx, e.walked), e.scenes[second].apply(ctx, e.fresh)); err != nil {
		return err
	}
	if err := errors.Join(e.walked.Converged(ctx, e.row.Reasons...), e.fresh.Converged(ctx, e.row.Reasons...)); err != nil {
		return err
	}
	if err := e.shows(ctx, e.walked, 0); err != nil {
		return err
	}
	var err error
	e.begin, err = e.walked.State(ctx)
	return err
}

// immutable: another value is refused, and shows in a world that begins with it.
func (e *effectRun) immutable(ctx context.Context) error {
	if len(e.row.Try) == 1 {
		return nil
	}
	e.operations.Add(1)
	if e.row.kind != "StackClass" {
		err := e.scenes[1].apply(ctx, e.walked)
		if err == nil {
			return e.keeps(ctx)
		}
		if !names(err.Error(), e.row.path()) {
			return fmt.Errorf("an edit is refused without naming the field: %w", err)
		}
		e.refused.Add(1)
	}
	return e.shows(ctx, e.fresh, 1)
}

// keeps: an edit without effect is told by a condition, and the effect stays.
func (e *effectRun) keeps(ctx context.Context) error {
	if err := e.walked.Converged(ctx, append(e.row.Reasons, invalidReasons...)...); err != nil {
		return err
	}
	text, err := parseLocator(e.row.In).read(ctx, e.walked)
	if err != nil {
		return err
	}
	if text != e.shown[0] {
		return fmt.Errorf("%s was immutable and changed\nfrom %.300s\nto %.300s", e.row, e.shown[0], text)
	}
	return e.shows(ctx, e.fresh, 1)
}

// through goes through all values and back.
func (e *effectRun) through(ctx context.Context) error {
	for i := 1; i < len(e.scenes); i++ {
		if err := e.step(ctx, i); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	if len(e.scenes) == 1 {
		return nil
	}
	e.operations.Add(1)
	err := e.scenes[0].apply(ctx, e.walked)
	if e.row.Once {
		return e.refusedBack(err)
	}
	if err != nil {
		return fmt.Errorf("the way back is refused: %w", err)
	}
	if err := e.walked.Converged(ctx, e.row.Reasons...); err != nil {
		return fmt.Errorf("back: %w", err)
	}
	return becomes(ctx, e.walked, e.begin, e.row.Remembers, "after the way back (O4)")
}

// refusedBack: what does not go back is refused by name, or is data that stays.
func (e *effectRun) refusedBack(err error) error {
	if err != nil && !names(err.Error(), e.row.path()) {
		return fmt.Errorf("the way back is refused without naming the field: %w", err)
	}
	return nil
}

func (e *effectRun) step(ctx context.Context, i int) error {
	e.operations.Add(1)
	if err := e.scenes[i].apply(ctx, e.walked); err != nil {
		return err
	}
	if err := e.walked.Converged(ctx, e.row.Reasons...); err != nil {
		return err
	}
	if i == 1 && !e.row.Once {
		if err := e.isFresh(ctx); err != nil {
			return err
		}
	}
	if i >= len(e.row.Try) {
		return nil // without the leaf there is nothing to show
	}
	return e.shows(ctx, e.walked, i)
}

// isFresh is O3. A resource that waits keeps what it had, which a fresh one never had.
func (e *effectRun) isFresh(ctx context.Context) error {
	objects, err := e.fresh.Resources(ctx)
	if text := complaints(objects); err != nil || text != "" && !strings.HasPrefix(text, v1alpha1.ReasonSuspended) {
		return err
	}
	fresh, err := e.fresh.State(ctx)
	if err != nil {
		return err
	}
	return becomes(ctx, e.walked, fresh, e.row.Remembers, "against a fresh one (O3)")
}

// shows is O5: a value is found where it is declared to show, and differs from what other values showed there.
func (e *effectRun) shows(ctx context.Context, w *rig.World, i int) error {
	if e.row.Shape != "" {
		return nil
	}
	text, err := parseLocator(e.row.In).read(ctx, w)
	if err != nil {
		return err
	}
	form := e.row.form(i)
	if !strings.Contains(text, form) {
		return fmt.Errorf("%s: %v does not show as %q in %s (O5), which is\n%.1500s", e.row, e.row.Try[i], form, e.row.In, text)
	}
	for j, other := range e.shown {
		if other == text && e.row.form(j) != form {
			return fmt.Errorf("%s: %v and %v show the same in %s (O5): %.300s", e.row, e.row.Try[j], e.row.Try[i], e.row.In, text)
		}
	}
	e.shown = append(e.shown, text)
	return nil
}

// becomes waits for a state for a short while.
func becomes(ctx context.Context, w *rig.World, want rig.State, remembers bool, when string) error {
	err := rig.Eventually(ctx, "the end state", settleLimit, func(ctx context.Context) error {
		got, err := w.State(ctx)
		if err != nil {
			return err
		}
		former := remembers && (hasMembers(got) || hasMembers(want))
		return lasting(got, want, remembers, former).Differs(lasting(want, want, remembers, former))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	return nil
}

// replicas is the number of pods of a workload in a state.
var replicas = regexp.MustCompile(`(?m)^  replicas: [0-9]+$`)

// memberScript is what a server of a cache runs that is one of several, and goes on to run when its copies are gone.
const memberScript = "/config/member.sh"

func hasMembers(state rig.State) bool {
	for _, text := range state {
		if strings.Contains(text, memberScript) {
			return true
		}
	}
	return false
}

// ofMembers says whether an object tells a server that is one of several from one that is alone: the server itself, its settings, and
// the Job that knows of them.
func ofMembers(name string) bool {
	server, _ := strings.CutPrefix(name, "*v1.StatefulSet OWN/")
	return server == "sessions" || server == "shop-sessions" || strings.Contains(name, "-config-") || strings.Contains(name, "-member-") ||
		strings.Contains(name, "-provision-")
}

// lasting leaves out of a state what outlives an edit on purpose: claims that the other state does not have, because data stays;
// what is remembered of earlier credentials, because pods that run with the version before are not locked out; that a cache has had
// copies, because its server would lose its content if it started as one that is alone; and the number of pods
// where an autoscaler owns it: it goes on from the one that it found, and without measurements it stays there.
func lasting(state, other rig.State, remembers, former bool) rig.State {
	result := maps.Clone(state)
	maps.DeleteFunc(result, func(name, _ string) bool {
		claim := strings.HasPrefix(name, "*v1.PersistentVolumeClaim ") && other[name] == ""
		record := strings.Contains(name, "-vN-random") || strings.HasSuffix(name, "-anchor") || strings.HasSuffix(name, "-users")
		return claim || remembers && record || former && ofMembers(name)
	})
	for name, text := range result {
		workload, found := strings.CutPrefix(name, "*v1.Deployment ")
		if found && result["*v2.HorizontalPodAutoscaler "+workload] != "" {
			result[name] = replicas.ReplaceAllString(text, "  replicas: those of the autoscaler")
		}
	}
	return result
}
