package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// path is a place in a document: names of fields and keys of maps, indexes of lists as [0], items of lists as [name=web]. The paths
// of a schema have [] for every item of a list and {} for every key of a map.
type path []string

// parsePath reads spec.components[0].env[name=TZ].value; a key with dots stands in brackets: matchLabels[example.com/a].
func parsePath(text string) path {
	var p path
	for text != "" {
		switch text[0] {
		case '.':
			text = text[1:]
		case '[':
			end := strings.IndexByte(text, ']') + 1
			p, text = append(p, segment(text[:end])), text[end:]
		default:
			end := strings.IndexAny(text, ".[{")
			switch {
			case end == 0:
				p, text = append(p, "{}"), text[2:]
			case end < 0:
				p, text = append(p, text), ""
			default:
				p, text = append(p, text[:end]), text[end:]
			}
		}
	}
	return p
}

// segment is what a bracket says: an index or a choice stays in its bracket, anything else is a key.
func segment(bracket string) string {
	inner := bracket[1 : len(bracket)-1]
	if _, err := strconv.Atoi(inner); err == nil || inner == "" || strings.Contains(inner, "=") {
		return bracket
	}
	return inner
}

// String is what parsePath reads.
func (p path) String() string {
	var text strings.Builder
	for i, s := range p {
		switch {
		case strings.ContainsAny(s, "./") && s[0] != '[':
			text.WriteString("[" + s + "]")
		case i > 0 && s[0] != '[' && s != "{}":
			text.WriteString("." + s)
		default:
			text.WriteString(s)
		}
	}
	return text.String()
}

// with is the path and something below it.
func (p path) with(below ...string) path { return slices.Concat(p, below) }

// within says whether the path is another one or below it.
func (p path) within(other path) bool {
	return len(p) >= len(other) && slices.Equal(p[:len(other)], other)
}

// concrete puts the first item for every list, and a key for every map.
func (p path) concrete(key string) path {
	result := slices.Clone(p)
	for i, s := range result {
		switch s {
		case "[]":
			result[i] = "[0]"
		case "{}":
			result[i] = key
		}
	}
	return result
}

// index is the item of a list that a segment means: -1 when there is none.
func index(list []any, segment string) int {
	inner := segment[1 : len(segment)-1]
	if name, value, ok := strings.Cut(inner, "="); ok {
		return slices.IndexFunc(list, func(item any) bool {
			m, _ := item.(map[string]any)
			return fmt.Sprint(m[name]) == value
		})
	}
	i, err := strconv.Atoi(inner)
	if err != nil || i > len(list) {
		return -1
	}
	return i
}

// get reads what stands at a path.
func get(document any, p path) (any, bool) {
	for _, s := range p {
		switch at := document.(type) {
		case map[string]any:
			value, ok := at[s]
			if !ok {
				return nil, false
			}
			document = value
		case []any:
			i := -1
			if s[0] == '[' {
				i = index(at, s)
			}
			if i < 0 || i >= len(at) {
				return nil, false
			}
			document = at[i]
		default:
			return nil, false
		}
	}
	return document, true
}

// put returns the document with a value at a path, making what is missing on the way. A nil value takes the place away.
func put(document any, p path, value any) any {
	if len(p) == 0 {
		return value
	}
	if p[0][0] == '[' {
		return putItem(document, p, value)
	}
	at, ok := document.(map[string]any)
	if !ok {
		at = map[string]any{}
	}
	if child := put(at[p[0]], p[1:], value); child == nil {
		delete(at, p[0])
	} else {
		at[p[0]] = child
	}
	return at
}

func putItem(document any, p path, value any) any {
	list, _ := document.([]any)
	i := index(list, p[0])
	switch {
	case i < 0:
		panic("there is no item " + p.String())
	case i == len(list):
		return append(list, put(nil, p[1:], value))
	}
	child := put(list[i], p[1:], value)
	if child != nil {
		list[i] = child
		return list
	}
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		return nil
	}
	return list
}
