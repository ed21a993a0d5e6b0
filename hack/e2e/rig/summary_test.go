package rig

import "testing"

func TestBeyond(t *testing.T) {
	want := Summary{Creates: map[string]int{"create a": 1, "create b": 2}, Deletes: map[string]int{"delete c": 1}}
	for name, c := range map[string]struct {
		got Summary
		bad bool
	}{
		"the same":              {got: want},
		"an answer was lost":    {got: Summary{Creates: map[string]int{"create b": 1}}},
		"created once too much": {got: Summary{Creates: map[string]int{"create a": 2}}, bad: true},
		"something else":        {got: Summary{Creates: map[string]int{"create d": 1}}, bad: true},
		"deleted twice":         {got: Summary{Deletes: map[string]int{"delete c": 2}}, bad: true},
		"a burnt credential":    {got: Summary{Creates: map[string]int{"create secrets x-vN-random": 1}}},
		"a creation was lost, and what it made went": {got: Summary{Deletes: map[string]int{"delete configmaps x-HASH": 1}}},
	} {
		if err := c.got.Beyond(want); (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(want.Creates) != 2 || want.Creates["create a"] != 1 {
		t.Errorf("what was wanted was changed: %v", want)
	}
}
