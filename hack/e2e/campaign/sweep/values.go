package sweep

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// wrong is a value that a node must refuse, and what is wrong with it. A nil value is none at all.
type wrong struct {
	what  string
	value any
}

// wrongValues are values that the API server has to refuse for a node. Present is what stands there in a valid document.
func wrongValues(n *node, present any) []wrong {
	s := n.schema
	var values []wrong
	if n.required && len(n.path) > 1 {
		values = append(values, wrong{"absent", nil})
	}
	switch {
	case s.XIntOrString:
		return append(values, wrongQuantities(n)...)
	case s.Type == "integer":
		return append(values, wrongNumbers(s)...)
	case s.Type == "boolean":
		return append(values, wrong{"text", "true"}, wrong{"number", int64(1)})
	case s.Type == "string":
		return append(values, wrongTexts(n)...)
	case s.Type == "array":
		return append(values, wrongLists(s, present)...)
	}
	return append(values, wrongObjects(n, present)...)
}

func wrongNumbers(s *apiextensionsv1.JSONSchemaProps) []wrong {
	values := []wrong{{"text", "many"}, {"fraction", 1.5}, {"list", []any{int64(1)}}}
	if s.Minimum != nil {
		values = append(values, wrong{"below the minimum", int64(*s.Minimum) - 1})
	}
	if s.Maximum != nil {
		values = append(values, wrong{"above the maximum", int64(*s.Maximum) + 1})
	}
	if len(s.Enum) > 0 {
		values = append(values, wrong{"of no enum", int64(2)})
	}
	if s.Minimum != nil || s.Format == "int32" {
		far := int64(1 << 40)
		if s.Format == "int64" {
			far = 1 << 62
		}
		values = append(values, wrong{"far below", -far}, wrong{"far above", far})
	}
	return values
}

// wrongQuantities: amounts are positive, but for a tolerance, which may be 0.
func wrongQuantities(n *node) []wrong {
	values := []wrong{{"truth", true}, {"list", []any{}}}
	texts := map[string]string{
		"no quantity": "much", "unknown unit": "1Zi", "space": "1 Gi", "two dots": "1.5.2", "unicode": "１Ｇｉ", "newline": "1Gi\n", "empty": "",
	}
	if n.schema.MaxLength != nil {
		texts["too long"] = strings.Repeat("1", int(*n.schema.MaxLength)+1)
	}
	for _, what := range slices.Sorted(maps.Keys(texts)) {
		values = append(values, wrong{what, texts[what]})
	}
	if n.path[len(n.path)-1] != "tolerance" {
		values = append(values, wrong{"zero", "0"}, wrong{"zero number", int64(0)}, wrong{"negative", "-1"}, wrong{"negative number", int64(-1)})
	}
	return values
}

// texts that a bounded string may have to refuse, by what they are.
var texts = []struct{ what, value string }{
	{"empty", ""}, {"space", " "}, {"unicode", "bäckend-😀"}, {"newline", "a\nb"}, {"control", "a\x01b"}, {"capitals", "UPPER"},
	{"leading dash", "-a"}, {"trailing dash", "a-"}, {"two dots", "a..b"}, {"parent folder", "../a"}, {"absolute", "/etc/passwd/.."},
	{"variable", "$(PATH)"}, {"template", "{{.Values}}"}, {"quote", `a"b'c`}, {"semicolon", "a; rm -rf"}, {"star", "**"},
	{"address", "300.0.0.0/8"}, {"no range", "10.0.0.0"}, {"long prefix", "10.0.0.0/33"}, {"no time", "yesterday"},
	{"thirteenth month", "2026-13-01T00:00:00Z"}, {"fraction", "1.5Gi"}, {"negative", "-1Gi"}, {"zero", "0"}, {"other enum", "Other"},
}

// wrongTexts are those of the texts that the schema of a string does not allow, and one that is a character too long.
func wrongTexts(n *node) []wrong {
	s := n.schema
	values := []wrong{{"number", int64(1)}, {"truth", true}, {"object", map[string]any{"a": "b"}}}
	for _, text := range texts {
		if !allows(n, text.value) {
			values = append(values, wrong{text.what, text.value})
		}
	}
	if s.MaxLength != nil {
		values = append(values, wrong{"too long", strings.Repeat("a", int(*s.MaxLength)+1)})
	}
	return values
}

func allows(n *node, text string) bool {
	s := n.schema
	switch {
	case len(s.Enum) > 0:
		return slices.ContainsFunc(s.Enum, func(e apiextensionsv1.JSON) bool { return string(e.Raw) == `"`+text+`"` })
	case s.Format == "date-time":
		return false
	case s.MinLength != nil && len([]rune(text)) < int(*s.MinLength), s.MaxLength != nil && len([]rune(text)) > int(*s.MaxLength):
		return false
	case strings.HasSuffix(n.path.String(), ".cidrs[]"): // a rule in CEL judges it
		return false
	}
	return s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(text)
}

func wrongLists(s *apiextensionsv1.JSONSchemaProps, present any) []wrong {
	values := []wrong{{"text", "list"}, {"object", map[string]any{"a": "b"}}}
	list, _ := present.([]any)
	if len(list) == 0 {
		return values
	}
	repeated := func(n int64) []any {
		var items []any
		for range n {
			items = append(items, list[0])
		}
		return items
	}
	if s.MaxItems != nil {
		values = append(values, wrong{"too many", repeated(*s.MaxItems + 1)})
	}
	if s.MinItems != nil && *s.MinItems > 0 {
		values = append(values, wrong{"empty", []any{}})
	}
	if s.XListType != nil && *s.XListType != "atomic" {
		values = append(values, wrong{"twice the same", repeated(2)})
	}
	return values
}

func wrongObjects(n *node, present any) []wrong {
	s := n.schema
	values := []wrong{{"text", "object"}, {"list", []any{"a"}}}
	object, _ := present.(map[string]any)
	if s.MaxProperties != nil {
		many := map[string]any{}
		for i := range *s.MaxProperties + 1 {
			many["k"+strings.Repeat("x", int(i))] = "1"
		}
		values = append(values, wrong{"too many", many})
	}
	if len(s.Properties) > 0 {
		more := maps.Clone(object)
		if more == nil {
			more = map[string]any{}
		}
		more["unheardOf"] = "1"
		values = append(values, wrong{"unknown field", more})
	}
	if len(s.Required) > 0 {
		values = append(values, wrong{"without what is required", map[string]any{}})
	}
	return values
}
