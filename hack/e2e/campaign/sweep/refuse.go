package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// refusals plans for every node that each of its wrong values is refused by the API server.
func (p *plans) refusals() {
	for i := range p.nodes {
		n := &p.nodes[i]
		r := p.rowOf(n)
		p.add("refuse", n.String(), func(ctx context.Context, lane *rig.Lane) error { return p.refuses(ctx, lane, n, r) })
	}
}

func (p *plans) refuses(ctx context.Context, lane *rig.Lane, n *node, r *row) error {
	right, err := r.scene(r.Try[0])
	if err != nil {
		return err
	}
	p.operations.Add(1)
	if err := right.judge(ctx, lane.Client, n.kind); err != nil {
		return fmt.Errorf("a value that is right is refused: %w", err)
	}
	at := r.path()[:len(n.path)]
	present, _ := get(right.kind(n.kind), at)
	var errs []error
	for _, w := range wrongValues(n, present) {
		p.operations.Add(1)
		if err := p.judgeWrong(ctx, lane, n, at, right, w); err != nil && !slices.Contains(r.Accepts, w.what) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (p *plans) judgeWrong(ctx context.Context, lane *rig.Lane, n *node, at path, right scene, w wrong) error {
	err := right.with(n.kind, at, w.value).judge(ctx, lane.Client, n.kind)
	switch {
	case err == nil:
		p.accepted.Add(1)
		return fmt.Errorf("%s: %s is accepted: %.80v", n, w.what, w.value)
	case !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err):
		return fmt.Errorf("%s: %s: %w", n, w.what, err)
	case !names(err.Error(), at):
		p.unnamed.Add(1)
		return fmt.Errorf("%s: %s is refused without naming the field: %w", n, w.what, err)
	}
	p.refused.Add(1)
	return nil
}

// common are names of fields that stand in many messages: what is around them has to be named too.
var common = []string{"name", "key", "type", "path", "value", "values", "port", "image", "namespace", "user", "host"}

// names says whether a message names a field: by its path, or by its own name, with that of what is around it where it is common.
func names(message string, at path) bool {
	if strings.Contains(message, at.String()) {
		return true
	}
	var fields []string
	for _, s := range at {
		if s[0] != '[' {
			fields = append(fields, s)
		}
	}
	last := fields[len(fields)-1]
	if slices.Contains(common, last) {
		around := fields[len(fields)-2]
		return strings.Contains(message, around) && strings.Contains(message, last)
	}
	return strings.Contains(message, last)
}
