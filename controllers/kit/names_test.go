package kit_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
)

// TestIdentifierKeepsNamesApart: two consumers never share a role, however alike their names look once hyphens and dots are
// replaced or the end is cut off.
func TestIdentifierKeepsNamesApart(t *testing.T) {
	long := strings.Repeat("a", 63)
	names := [][]string{
		{"a", "b", "c"}, {"a-b", "c"}, {"a", "b-c"}, {"a_b", "c"}, {"a.b", "c"}, {"a", "b_c"}, {"ab", "c"}, {"a", "bc"},
		{"abc"}, {"a-b-c"}, {"a", "b", "", "c"}, {""}, {"", ""}, {"1a"}, {"s1a"}, {"-a"}, {"s-a"},
		{long, "b"}, {long, "c"}, {long + "x", "b"}, {long}, {long, ""},
	}
	for _, limit := range []int{24, 32, 58, 60, 63} {
		seen := map[string][]string{}
		for _, parts := range names {
			identifier := kit.Identifier(limit, parts...)
			if other, taken := seen[identifier]; taken {
				t.Errorf("limit %d: %q and %q are both %s", limit, parts, other, identifier)
			}
			seen[identifier] = parts
		}
	}
}

func TestIdentifierFitsEngines(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	names := []string{"a", "shop", "9lives", "a-b.c", strings.Repeat("x-", 40), "7" + strings.Repeat("0", 62)}
	for _, limit := range []int{24, 30, 63} {
		for _, name := range names {
			identifier := kit.Identifier(limit, name, "main")
			if !shape.MatchString(identifier) || len(identifier) > limit {
				t.Errorf("limit %d, %q: %q (%d characters) is no identifier", limit, name, identifier, len(identifier))
			}
		}
	}
}

// TestHashNeverChanges: names of ConfigMaps and Jobs carry the hash, and the inputs hash decides on rollouts. Another value
// here means that an upgrade of the operator renames and restarts what runs.
func TestHashNeverChanges(t *testing.T) {
	for _, c := range []struct {
		want   string
		values []any
	}{
		{"eb102da1f2", []any{"a", 1, map[string]string{"b": "2", "a": "1"}}},
		{"e3b0c44298", nil},
		{"ffc039f39d", []any{""}},
	} {
		if got := kit.Hash(c.values...); got != c.want {
			t.Errorf("Hash(%v) = %s, it was %s", c.values, got, c.want)
		}
	}
}

func TestHashTellsValuesApart(t *testing.T) {
	groups := [][]any{{"a", "b"}, {"ab"}, {"ab", ""}, {"", "ab"}, {[]string{"a", "b"}}, {[]string{"ab"}}, {"a", "b", nil}}
	seen := map[string][]any{}
	for _, values := range groups {
		hash := kit.Hash(values...)
		if other, taken := seen[hash]; taken {
			t.Errorf("%#v and %#v have one hash", values, other)
		}
		seen[hash] = values
	}
	order := map[string]int{}
	for i := range 50 {
		order[strings.Repeat("k", i+1)] = i
	}
	first := kit.Hash(order)
	for range 20 {
		if kit.Hash(order) != first {
			t.Fatal("the hash of a map depends on its order")
		}
	}
}

func TestServiceHost(t *testing.T) {
	if got := kit.ServiceHost("shop-main", "shop", "cluster.local"); got != "shop-main.shop.svc.cluster.local" {
		t.Error(got)
	}
}
