package apply

import (
	"encoding/json"
	"testing"
)

func content(t *testing.T, text string) map[string]any {
	t.Helper()
	result, ok := decodeJSON([]byte(text))
	if !ok {
		t.Fatalf("no object: %s", text)
	}
	return result
}

func TestCovered(t *testing.T) {
	for _, c := range []struct {
		what, want, have string
		covered          bool
	}{
		{"equal", `{"a": 1}`, `{"a": 1}`, true},
		{"another value", `{"a": 1}`, `{"a": 2}`, false},
		{"another type", `{"a": 1}`, `{"a": "1"}`, false},
		{"a field of others", `{"a": 1}`, `{"a": 1, "b": 2}`, true},
		{"a field that is gone", `{"a": 1, "b": 2}`, `{"a": 1}`, false},
		{"a default that is left out", `{"a": 0, "b": false, "c": ""}`, `{}`, true},
		{"a default that was changed", `{"a": false}`, `{"a": true}`, false},
		{"an empty map", `{"a": {}}`, `{}`, true},
		{"an empty list", `{"a": []}`, `{}`, true},
		{"an empty list that was filled", `{"ingress": []}`, `{"ingress": [{}]}`, false},
		{"a map instead of a list", `{"a": []}`, `{"a": {}}`, false},
		{"inside a map", `{"a": {"b": 1}}`, `{"a": {"b": 1, "c": 2}}`, true},
		{"a plain list", `{"args": ["a", "b"]}`, `{"args": ["a", "b"]}`, true},
		{"a plain list in another order", `{"args": ["a", "b"]}`, `{"args": ["b", "a"]}`, false},
		{"plain values under the name of a keyed list", `{"databases": ["a"]}`, `{"databases": ["a"]}`, true},
		{"other plain values there", `{"databases": ["a"]}`, `{"databases": ["b"]}`, false},
		{"a plain list with more", `{"args": ["a"]}`, `{"args": ["a", "b"]}`, false},
		{"containers of others", `{"containers": [{"name": "a"}]}`, `{"containers": [{"name": "x"}, {"name": "a", "image": "i"}]}`, true},
		{"a container that is gone", `{"containers": [{"name": "a"}]}`, `{"containers": [{"name": "b"}]}`, false},
		{"a container that was changed", `{"containers": [{"name": "a", "image": "i"}]}`, `{"containers": [{"name": "a", "image": "j"}]}`, false},
		{"variables of others", `{"env": [{"name": "A", "value": "1"}]}`, `{"env": [{"name": "B"}, {"name": "A", "value": "1"}]}`, true},
		{"a variable that was changed", `{"env": [{"name": "A", "value": "1"}]}`, `{"env": [{"name": "A", "value": "2"}]}`, false},
		{"mounts are told apart by path", `{"volumeMounts": [{"name": "v", "mountPath": "/a"}]}`, `{"volumeMounts": [{"name": "v", "mountPath": "/b"}]}`, false},
		{
			"ports of a Service of others", `{"ports": [{"name": "h", "port": 80, "protocol": "TCP"}]}`,
			`{"ports": [{"name": "x", "port": 81, "protocol": "TCP"}, {"name": "h", "port": 80, "protocol": "TCP", "nodePort": 3}]}`, true,
		},
		{"a port that was changed", `{"ports": [{"name": "h", "port": 80, "protocol": "TCP"}]}`, `{"ports": [{"name": "h", "port": 81, "protocol": "TCP"}]}`, false},
		{"ports of a policy are a whole", `{"ports": [{"port": 80, "protocol": "TCP"}]}`, `{"ports": [{"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "TCP"}]}`, false},
		{"rules of a policy are a whole", `{"ingress": [{"from": []}]}`, `{"ingress": [{"from": []}, {}]}`, false},
		{"a rule of a policy that was opened", `{"ingress": [{"from": [{"podSelector": {}}]}]}`, `{"ingress": [{}]}`, false},
		{"what is wanted as nothing", `{"a": null}`, `{"a": 1}`, true},
	} {
		if got := Covered(content(t, c.want), content(t, c.have)); got != c.covered {
			t.Errorf("%s: %s over %s gives %v", c.what, c.want, c.have, got)
		}
	}
}

// FuzzCovered: every object covers itself, also with a field of others; what it does not cover is not equal to it.
func FuzzCovered(f *testing.F) {
	f.Add(`{"containers": [{"name": "a", "env": [{"name": "X"}]}], "ports": [{"name": "h", "port": 1, "protocol": "TCP"}]}`, `{"a": 1}`)
	f.Add(`{"ports": [{"port": 1}], "volumes": ["x"], "env": [1, null]}`, `{"env": {}}`)
	f.Add(`{"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}`, `{}`)
	f.Fuzz(func(t *testing.T, one, other string) {
		a, ok := decodeJSON([]byte(one))
		if !ok {
			return
		}
		if b, ok := decodeJSON([]byte(other)); ok && !Covered(a, b) && Equal(a, b) {
			t.Errorf("%s is equal to itself and not covered", one)
		}
		if !wellFormed(a) {
			return
		}
		copied, ok := decodeJSON([]byte(one))
		if !ok || !Covered(a, copied) {
			t.Errorf("%s does not cover itself", one)
		}
		copied["a field of somebody else"] = "x"
		if !Covered(a, copied) {
			t.Errorf("%s does not cover itself with a field of others", one)
		}
	})
}

// wellFormed says whether the items of merged lists are objects, as in every object of the API server.
func wellFormed(value any) bool {
	encoded, err := json.Marshal(value)
	if err != nil {
		return false
	}
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if list, ok := item.([]any); ok && mergeKey(key, list) != "" {
				for _, element := range list {
					if _, object := element.(map[string]any); !object {
						return false
					}
				}
			}
			if !wellFormed(item) {
				return false
			}
		}
	case []any:
		for _, item := range v {
			if !wellFormed(item) {
				return false
			}
		}
	}
	return len(encoded) > 0
}
