package kit_test

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

func TestSettings(t *testing.T) {
	settings := kit.Settings{
		"connections": kit.Whole(1, 100), "mode": kit.OneOf("on", "off"), "path": kit.Matching("a word", "[a-z]+"),
	}
	owned := map[string]string{"port": "remove it"}
	for _, c := range []struct {
		name, value, problem string
	}{
		{"connections", "1", ""}, {"connections", "100", ""}, {"connections", "0", "whole number from 1 to 100"},
		{"connections", "101", "does not fit"}, {"connections", "007", "does not fit"}, {"connections", "+5", "does not fit"},
		{"connections", " 5", "does not fit"}, {"connections", "5\n", "does not fit"}, {"connections", "", "does not fit"},
		{"connections", "99999999999999999999", "does not fit"},
		{"mode", "on", ""}, {"mode", "ON", "one of on, off"}, {"mode", "on, off", "does not fit"},
		{"path", "abc", ""}, {"path", "abc\nport 1", "does not fit"}, {"path", "abc\n", "does not fit"}, {"path", "", "a word"},
		{"port", "1", "the operator sets it; remove it"}, {"unknown", "1", "one of connections, mode, path"},
	} {
		err := settings.Check(map[string]string{c.name: c.value}, owned)
		switch {
		case c.problem == "" && err != nil:
			t.Errorf("%s=%q is refused: %v", c.name, c.value, err)
		case c.problem != "" && (part.AsInvalid(err) == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s=%q: %v; wanted Invalid with %q", c.name, c.value, err, c.problem)
		case c.problem != "" && !strings.HasPrefix(err.Error(), "parameters."+c.name+":"):
			t.Errorf("the message does not name the field: %v", err)
		}
	}
}

// TestFirstProblemIsStable: the message stands in a condition.
func TestFirstProblemIsStable(t *testing.T) {
	parameters := map[string]string{"d": "", "b": "", "c": "", "a": ""}
	first := kit.Settings{}.Check(parameters, nil).Error()
	for range 20 {
		if got := (kit.Settings{}).Check(parameters, nil).Error(); got != first {
			t.Fatalf("%q, then %q", first, got)
		}
	}
}
