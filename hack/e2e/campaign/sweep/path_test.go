package sweep

import (
	"reflect"
	"testing"
)

func TestPathsReadBack(t *testing.T) {
	for _, text := range []string{"spec.components[0].env[name=TZ].value", "spec.components[].ports[].port", "spec.placements[0].nodeSelector[example.com/pool]"} {
		if got := parsePath(text).String(); got != text {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := parsePath("spec.parameters{}").concrete("work_mem").String(); got != "spec.parameters.work_mem" {
		t.Error(got)
	}
}

func TestPutAndGet(t *testing.T) {
	document := map[string]any{"spec": map[string]any{"list": []any{map[string]any{"name": "a", "value": int64(1)}}}}
	put(document, parsePath("spec.list[0].value"), int64(2))
	put(document, parsePath("spec.list[1].name"), "b")
	put(document, parsePath("spec.map[x.y/z]"), "c")
	for text, want := range map[string]any{"spec.list[name=a].value": int64(2), "spec.list[1].name": "b", "spec.map[x.y/z]": "c"} {
		if got, ok := get(document, parsePath(text)); !ok || got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	put(document, parsePath("spec.list[0]"), nil)
	put(document, parsePath("spec.list[0]"), nil)
	if want := map[string]any{"spec": map[string]any{"map": map[string]any{"x.y/z": "c"}}}; !reflect.DeepEqual(document, want) {
		t.Errorf("%v", document)
	}
}

func TestNames(t *testing.T) {
	at := parsePath("spec.components[0].env[0].valueFrom.secretKeyRef.key")
	for message, want := range map[string]bool{
		"spec.components[0].env[0].valueFrom.secretKeyRef.key: Invalid value": true,
		"env[2].valueFrom.secretKeyRef.key: Invalid value":                    true,
		"a key is wrong": false,
		"component web":  false,
	} {
		if names(message, at) != want {
			t.Errorf("%q: not %t", message, want)
		}
	}
}
