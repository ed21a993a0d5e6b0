package sweep

import "testing"

const root = "../../../.."

// TestEveryLeafIsMapped fails when a leaf of the schemas has no declared effect, or an effect no leaf.
func TestEveryLeafIsMapped(t *testing.T) {
	nodes, err := walk(root)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := loadRows()
	if err != nil {
		t.Fatal(err)
	}
	if err := mapped(leaves(nodes), rows); err != nil {
		t.Error(err)
	}
	t.Logf("%d leaves of %d nodes", len(leaves(nodes)), len(nodes))
}

// TestScenesAreWhole makes every value of every row stand in its manifest.
func TestScenesAreWhole(t *testing.T) {
	rows, err := loadRows()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, value := range r.Try {
			s, err := r.scene(value)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := get(s.kind(r.kind), r.path()); !ok {
				t.Errorf("%s: no value at %s", r, r.path())
			}
		}
	}
}
