package sweep

import (
	"testing"
)

// TestEveryPairMeets holds the covering array against all pairs of values that may stand together.
func TestEveryPairMeets(t *testing.T) {
	p := &plans{counts: &counts{}}
	if err := p.covering(); err != nil {
		t.Fatal(err)
	}
	c, err := newCoverage()
	if err != nil {
		t.Fatal(err)
	}
	seen := met{}
	rows := c.array()
	for _, m := range rows {
		seen.add(m, true)
	}
	for i, f := range c.factors {
		for j := i + 1; j < len(c.factors); j++ {
			for v := range f.Values {
				for w := range c.factors[j].Values {
					if pair := [4]int{i, v, j, w}; !seen[pair] && !c.excluded(pair) {
						t.Errorf("%s=%v never meets %s=%v", f.Name, f.Values[v], c.factors[j].Name, c.factors[j].Values[w])
					}
				}
			}
		}
	}
	t.Logf("%d rows", len(rows))
}

// excluded says whether two values may not stand together.
func (c *coverage) excluded(pair [4]int) bool {
	m := make(mix, len(c.factors))
	m[pair[0]], m[pair[2]] = pair[1], pair[3]
	m = c.legal(m)
	return m[pair[0]] != pair[1] || m[pair[2]] != pair[3]
}

// TestWalks fails when a walk is not as long as it should be.
func TestWalks(t *testing.T) {
	c, err := newCoverage()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.walk(1)); got != steps+1 {
		t.Errorf("%d scenes", got)
	}
}
