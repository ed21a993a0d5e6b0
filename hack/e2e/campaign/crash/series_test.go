package crash

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// TestDeal: every fault at every write is in one run, no run has two of one object, nor more than it should.
func TestDeal(t *testing.T) {
	for _, objects := range []int{0, 1, 3, 8, 40} {
		var writes []string
		for i := range objects {
			for n := range 1 + i%4 {
				writes = append(writes, fmt.Sprintf("patch things OWN/%d#%d", i, n+1))
			}
		}
		seen := map[disturbance]bool{}
		for _, hand := range deal(writes) {
			if len(hand) > together {
				t.Errorf("%d objects: %d faults in a run", objects, len(hand))
			}
			in := map[string]bool{}
			for _, d := range hand {
				object, _, _ := strings.Cut(d.write, "#")
				if in[object] || seen[d] {
					t.Errorf("%d objects: %s again", objects, d)
				}
				in[object], seen[d] = true, true
			}
		}
		if want := len(writes) * len(rig.WriteFaults); len(seen) != want {
			t.Errorf("%d objects: %d of %d faults", objects, len(seen), want)
		}
	}
}
