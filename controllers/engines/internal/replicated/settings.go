package replicated

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WriteSettings writes one setting on each line, in the order of their names, with values that the server reads back from quotes.
func WriteSettings(text *strings.Builder, values map[string]string, quote func(string) string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(text, "%s = %s\n", name, quote(values[name]))
	}
}
