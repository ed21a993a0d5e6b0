package inputs_test

import (
	"testing"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestOperatorUpgradesRestartNothing: a newer operator has newer built-in images. What the class or the spec says restarts.
func TestOperatorUpgradesRestartNothing(t *testing.T) {
	hash := func(image part.Image) string { return kit.Hash(inputs.Of(&part.Service{Image: image})) }
	before := hash(part.Image{Name: "valkey:9.1.4", Version: "9.1", RunAsUser: 999, RunAsGroup: 999})
	for name, c := range map[string]struct {
		image    part.Image
		restarts bool
	}{
		"built-in image":   {part.Image{Name: "valkey:9.1.5", Version: "9.1", RunAsUser: 1000, RunAsGroup: 1000}, false},
		"image of a class": {part.Image{Name: "valkey:9.1.4", Given: "valkey:9.1.4", Version: "9.1"}, true},
		"user of a class":  {part.Image{Name: "valkey:9.1.4", GivenUser: "110:110", Version: "9.1", RunAsUser: 110, RunAsGroup: 110}, true},
		"version":          {part.Image{Name: "valkey:9.2.0", Version: "9.2"}, true},
	} {
		if restarts := hash(c.image) != before; restarts != c.restarts {
			t.Errorf("another %s: restarts is %v", name, restarts)
		}
	}
}
