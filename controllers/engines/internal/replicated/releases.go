package replicated

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Releases are what an engine's settings and scripts are made for, where its data tells releases of two numbers apart.
type Releases struct {
	// Engine is its name.
	Engine string
	// Served are the releases, each with those that the server makes of its data by itself.
	Served map[string][]string
	// Sort says in a few words which those are.
	Sort string
	// Move is how data gets to another release: a sentence with "%s" for that release.
	Move string
}

// Series is the release of a version: 8.4 of 8.4.11.
func Series(version string) string {
	parts := strings.Split(version, ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// Upgrade allows every step within a release, and those that the server makes by itself.
func (r Releases) Upgrade(from, to string) error {
	if Series(from) == Series(to) || slices.Contains(r.Served[Series(from)], Series(to)) {
		return nil
	}
	return fmt.Errorf("%s %s cannot become %s in place; %s", r.Engine, from, to, fmt.Sprintf(r.Move, to))
}

// Check refuses every other release.
func (r Releases) Check(s *part.Service) error {
	if _, ok := r.Served[Series(s.Image.Version)]; ok {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "version: %s %s is not served; %s are, %s",
		r.Engine, s.Image.Version, strings.Join(slices.Sorted(maps.Keys(r.Served)), " and "), r.Sort)
}
