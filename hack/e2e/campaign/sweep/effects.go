package sweep

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// effects say of every leaf what it does, bases are the manifests in which they stand.
//
//go:embed effects/*.yaml bases/*.yaml factors.yaml
var tables embed.FS

// row is the declared effect of a leaf.
type row struct {
	kind string
	leaf place
	// Base is the manifest in which the leaf is set, With what stands there besides, by path; one that begins with a dot is below
	// the group's prefix.
	Base string         `json:"base"`
	With map[string]any `json:"with"`
	// Key stands for {} in the leaf's path; At is the whole path where that is not enough.
	Key string `json:"key"`
	At  string `json:"at"`
	// Try are valid values. Each shows in the object and field In, as itself or As is said here; different values show differently.
	Try []any    `json:"try"`
	In  string   `json:"in"`
	As  []string `json:"as"`
	// Reasons for which a resource may be not Ready with some of the values.
	Reasons []string `json:"reasons"`
	// Immutable: the API server refuses another value once there is one. Once: it refuses the way back.
	Immutable bool `json:"immutable"`
	Once      bool `json:"once"`
	// Remembers: credentials are made anew, and the version before is kept besides. That goes for all that shares.
	Remembers bool `json:"remembers"`
	// Alone: an entry of a stack does not have the leaf.
	Alone bool `json:"alone"`
	// Bad are values that only a condition can refuse.
	Bad []any `json:"bad"`
	// Shape is the reason why no effect shows.
	Shape string `json:"shape"`
	// Accepts are values that look wrong by the schema and are not, by what looks wrong.
	Accepts []string `json:"accepts"`
}

// place is a path of a schema as text.
type place string

// group are rows that have much in common.
type group struct {
	Kind, Base, Prefix string
	With               map[string]any `json:"with"`
	// In is where the effects of rows stand that begin with a dot or a bracket.
	In      string   `json:"in"`
	Reasons []string `json:"reasons"`
	Rows    map[string]*row
	// Alone: an entry of a stack has none of the leaves.
	Alone bool `json:"alone"`
	// Like makes a row for every leaf of another kind that has none here: its effect is the same field of the object Child.
	Like, Child string
}

// loadRows reads the declared effects of all leaves, by kind and leaf.
func loadRows() (map[string]*row, error) {
	files, err := tables.ReadDir("effects")
	if err != nil {
		return nil, err
	}
	var groups []group
	for _, file := range files {
		content, err := tables.ReadFile("effects/" + file.Name())
		if err != nil {
			return nil, err
		}
		var some []group
		if err := yaml.UnmarshalStrict(content, &some); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		groups = append(groups, some...)
	}
	return collect(groups)
}

func collect(groups []group) (map[string]*row, error) {
	rows := map[string]*row{}
	var errs []error
	for _, g := range groups {
		for _, suffix := range slices.Sorted(maps.Keys(g.Rows)) {
			r := *g.Rows[suffix]
			r.adopt(&g, suffix)
			if rows[r.String()] != nil {
				errs = append(errs, fmt.Errorf("%s has two rows", &r))
			}
			rows[r.String()] = &r
		}
	}
	for _, g := range groups {
		if g.Like != "" {
			likened(rows, &g)
		}
	}
	return rows, errors.Join(errs...)
}

func (r *row) String() string { return r.kind + "/" + string(r.leaf) }

// adopt takes over what the group says and the row does not.
func (r *row) adopt(g *group, suffix string) {
	r.kind, r.leaf = g.Kind, place(g.Prefix+suffix)
	if r.Base == "" {
		r.Base = g.Base
	}
	r.Alone = r.Alone || g.Alone
	r.Remembers = r.Remembers || strings.HasPrefix(r.Base, "shared-")
	with := maps.Clone(g.With)
	if with == nil {
		with = map[string]any{}
	}
	for key, value := range r.With {
		if key[0] == '.' {
			key = parsePath(g.Prefix).concrete("").String() + key
		}
		with[key] = value
	}
	r.With = with
	if r.In == "" || strings.ContainsAny(r.In[:1], ".[") {
		r.In = g.In + r.In
	}
	r.Reasons = append(slices.Clone(g.Reasons), r.Reasons...)
}

// likened makes the rows of leaves that the spec of another kind has too, and that are handed on to an object of it.
func likened(rows map[string]*row, g *group) {
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		other := rows[name]
		suffix, own := strings.CutPrefix(string(other.leaf), "spec.")
		leaf := g.Prefix + suffix
		if other.kind != g.Like || !own || other.Alone || rows[g.Kind+"/"+leaf] != nil {
			continue
		}
		r := &row{
			kind: g.Kind, leaf: place(leaf), Base: g.Base, Key: other.Key, Try: other.Try, Immutable: other.Immutable, Once: other.Once, Remembers: other.Remembers,
			Reasons: other.Reasons, Bad: other.Bad, Accepts: other.Accepts, With: map[string]any{},
		}
		r.handOn(other, parsePath(g.Prefix).concrete(""), g.Child)
		rows[r.String()] = r
	}
}

// handOn makes a row out of one of another kind, whose spec stands at a path here and is handed on to a child.
func (r *row) handOn(other *row, at path, child string) {
	if kind, many := strings.CutPrefix(other.Base, "classes-"); many {
		r.Base = "classes-stack-" + kind
	}
	if strings.HasPrefix(other.Base, "shared-") {
		r.With[at.with("allowedConsumers").String()] = []any{map[string]any{"namespaces": map[string]any{"from": "All"}}}
	}
	for key, value := range other.With {
		r.With[at.with(parsePath(key)[1:]...).String()] = value
	}
	r.In = child + " " + other.path().String()
}

// path is where the leaf stands in the manifest of its kind.
func (r *row) path() path {
	if r.At != "" {
		return parsePath(r.At)
	}
	return parsePath(string(r.leaf)).concrete(r.Key)
}

// form is how the value shows.
func (r *row) form(i int) string {
	if i < len(r.As) {
		return r.As[i]
	}
	return fmt.Sprint(whole(r.Try[i]))
}
