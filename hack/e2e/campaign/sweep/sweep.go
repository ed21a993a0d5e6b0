// Package sweep walks the schemas of all kinds and tries every leaf: values that are wrong are refused, values that are right have
// the declared effect, every state is that of a fresh start, and the way back ends where it began.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign tries every leaf, pairs of leaves, and walks over many.
type Campaign struct {
	// Say prints progress.
	Say func(format string, args ...any)

	counts *counts
}

// counts of what was tried and how it ended.
type counts struct {
	leaves, nodes                                     int
	operations, refused, unnamed, accepted, condition atomic.Int64
}

// New is the campaign.
func New(say func(format string, args ...any)) *Campaign {
	return &Campaign{Say: say, counts: &counts{}}
}

// Name of the campaign.
func (*Campaign) Name() (name, tries string) {
	return "sweep", "every leaf of every schema: wrong values refused, effects seen, fresh state, exact rollback; pairs and walks of edits"
}

// Counts are the figures of the report.
func (c *Campaign) Counts() map[string]int64 {
	n := c.counts
	return map[string]int64{
		"leaves": int64(n.leaves), "nodes": int64(n.nodes), "operations": n.operations.Load(), "refusedAtAdmission": n.refused.Load(),
		"refusedUnnamed": n.unnamed.Load(), "refusedByCondition": n.condition.Load(), "wronglyAccepted": n.accepted.Load(),
	}
}

// Prepare reads the schemas and the declared effects, which have to match.
func (c *Campaign) Prepare(_ context.Context, lanes []*rig.Lane, _ string) ([]campaign.Plan, error) {
	nodes, err := walk(lanes[0].Root)
	if err != nil {
		return nil, err
	}
	rows, err := loadRows()
	if err != nil {
		return nil, err
	}
	if err := mapped(leaves(nodes), rows); err != nil {
		return nil, err
	}
	c.counts.leaves, c.counts.nodes = len(leaves(nodes)), len(nodes)
	c.Say("sweep: %d leaves of %d nodes, all mapped to their effects", c.counts.leaves, c.counts.nodes)
	p := &plans{counts: c.counts, nodes: nodes, rows: rows}
	p.refusals()
	p.effects()
	p.recoveries()
	p.failures()
	err = p.covering()
	return p.list, err
}

// plans are made here.
type plans struct {
	*counts
	nodes []node
	rows  map[string]*row
	list  []campaign.Plan
}

func (p *plans) add(kind, name string, run func(context.Context, *rig.Lane) error) {
	p.list = append(p.list, campaign.Plan{ID: "sweep/" + kind + "/" + name, Run: run})
}

// mapped says which leaves have no row, and which rows no leaf.
func mapped(leaves []node, rows map[string]*row) error {
	var errs []error
	known := map[string]bool{}
	for i := range leaves {
		name := leaves[i].String()
		known[name] = true
		switch r := rows[name]; {
		case r == nil:
			errs = append(errs, fmt.Errorf("%s has no declared effect", name))
		case len(r.Try) == 0 || (r.In == "") == (r.Shape == ""):
			errs = append(errs, fmt.Errorf("%s: a row has values, and an effect or the reason for none", name))
		}
	}
	for name := range rows {
		if !known[name] {
			errs = append(errs, fmt.Errorf("%s has a declared effect and is no leaf", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// rowOf is the row of a node: a leaf's own, or that of the first leaf below.
func (p *plans) rowOf(n *node) *row {
	for i := range p.nodes {
		leaf := &p.nodes[i]
		if leaf.kind == n.kind && leaf.leaf() && leaf.path.within(n.path) {
			return p.rows[leaf.String()]
		}
	}
	return nil
}
