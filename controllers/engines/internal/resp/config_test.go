package resp

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestRender reads the configuration back with the rules of the engine's own parser (sdssplitargs): no value ends its
// directive or starts another one.
func TestRender(t *testing.T) {
	var every strings.Builder
	for b := range 256 {
		every.WriteByte(byte(b))
	}
	values := []string{
		"", "plain", "TLSv1.2 TLSv1.3", `quo"te`, `back\slash`, "'single'", "line\nrequirepass none", "tab\t", "#no comment",
		"$HOME", "grüße", `\x41`, every.String(),
	}
	lines := []directive{{"save", []string{""}}, {"bind", []string{"*", "-::*"}}}
	for i, value := range values {
		lines = append(lines, directive{"name-" + strconv.Itoa(i), []string{value, "after"}})
	}
	text := strings.Split(strings.TrimSuffix(render(lines), "\n"), "\n")
	if len(text) != len(lines) {
		t.Fatalf("%d lines, %d directives", len(text), len(lines))
	}
	for i, line := range lines {
		if got, want := split(t, text[i]), append([]string{line.name}, line.values...); !slices.Equal(got, want) {
			t.Errorf("%q reads as %q", want, got)
		}
	}
}

// split reads one line as the engines do.
func split(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		word, rest := quoted(t, line[1:])
		words, line = append(words, word), rest
	}
	return words
}

func quoted(t *testing.T, text string) (word, rest string) {
	t.Helper()
	var result strings.Builder
	for text != "" {
		switch {
		case strings.HasPrefix(text, `\x`):
			number, err := strconv.ParseUint(text[2:4], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			result.WriteByte(byte(number))
			text = text[4:]
		case text[0] == '\\':
			result.WriteByte(text[1])
			text = text[2:]
		case text[0] == '"':
			return result.String(), text[1:]
		default:
			result.WriteByte(text[0])
			text = text[1:]
		}
	}
	t.Fatal("a quote is not closed")
	return "", ""
}

// TestPolicies: every eviction policy of the API has a name in the engine.
func TestPolicies(t *testing.T) {
	if len(policies) != 8 {
		t.Errorf("%d policies", len(policies))
	}
	for policy, name := range policies {
		if strings.ReplaceAll(name, "-", "") != strings.ToLower(string(policy)) {
			t.Errorf("%s is %s", policy, name)
		}
	}
}

// TestOwned: a parameter either replaces a line of the configuration or is refused; none stands there twice.
func TestOwned(t *testing.T) {
	for name := range owned {
		if _, chosen := settings[name]; chosen {
			t.Errorf("%s is owned and can be chosen", name)
		}
	}
	s := service("Preferred")
	s.Durable = true
	s.Parameters = map[string]string{}
	for name := range settings {
		s.Parameters[name] = "1"
	}
	seen := map[string]bool{}
	for line := range strings.Lines(configuration(s)) {
		name, _, _ := strings.Cut(line, " ")
		if seen[name] {
			t.Errorf("%s stands in the configuration twice", name)
		}
		seen[name] = true
	}
}
