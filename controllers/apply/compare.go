package apply

import (
	"reflect"
)

// mergeKeys are the keys of the list items that the API server merges by name. Items that others added to such a list stay.
var mergeKeys = map[string]string{
	"containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "imagePullSecrets": "name",
	"volumeMounts": "mountPath", "topologySpreadConstraints": "topologyKey", "ownerReferences": "uid",
	"databases": "name", "caches": "name", "queues": "name",
}

// portKeys are tried in this order for lists called ports: containers and Services merge by different keys.
var portKeys = []string{"containerPort", "port"}

// exactFields are replaced as a whole by the API server: nobody else has a part in them, and what was added to a selector or to
// a rule of a network policy opens or cuts off something.
var exactFields = map[string]bool{
	"selector": true, "matchLabels": true, "podSelector": true, "ingress": true, "egress": true,
}

// same says whether two values are equal. An empty scalar or list and an absent one are.
func same(want, have any) bool {
	switch wanted := want.(type) {
	case map[string]any:
		return sameMap(wanted, have)
	case []any:
		return sameList(wanted, have)
	case nil:
		return isEmpty(have)
	}
	return equalScalar(want, have)
}

func sameMap(want map[string]any, have any) bool {
	live, ok := have.(map[string]any)
	if !ok {
		return false
	}
	for key, value := range live {
		if _, wanted := want[key]; !wanted && !isEmpty(value) {
			return false
		}
	}
	for key, value := range want {
		if !same(value, live[key]) {
			return false
		}
	}
	return true
}

func sameList(want []any, have any) bool {
	live, ok := have.([]any)
	if !ok || len(want) != len(live) {
		return have == nil && len(want) == 0
	}
	for i := range want {
		if !same(want[i], live[i]) {
			return false
		}
	}
	return true
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case map[string]any: // an empty selector selects everything, an absent one nothing
		return false
	case []any:
		return len(v) == 0
	}
	return reflect.ValueOf(value).IsZero()
}

// Covered says whether every field of the desired object has the same value in the live one. Fields and list items that only
// the live one has belong to others, or are defaults of the API server.
func Covered(want, have any) bool { return covered("", want, have) }

func covered(field string, want, have any) bool {
	if exactFields[field] {
		return same(want, have)
	}
	switch wanted := want.(type) {
	case map[string]any:
		return coveredMap(wanted, have)
	case []any:
		return coveredList(field, wanted, have)
	case nil:
		return true
	}
	return equalScalar(want, have)
}

func coveredMap(want map[string]any, have any) bool {
	live, ok := have.(map[string]any)
	if !ok {
		return have == nil && len(want) == 0
	}
	for key, value := range want {
		if !covered(key, value, live[key]) {
			return false
		}
	}
	return true
}

func coveredList(field string, want []any, have any) bool {
	live, ok := have.([]any)
	if !ok {
		return have == nil && len(want) == 0
	}
	if key := mergeKey(field, want); key != "" {
		return coveredByKey(key, want, live)
	}
	if len(want) != len(live) {
		return false
	}
	for i := range want {
		if !covered("", want[i], live[i]) {
			return false
		}
	}
	return true
}

func mergeKey(field string, want []any) string {
	if len(want) == 0 {
		return mergeKeys[field]
	}
	first, ok := want[0].(map[string]any)
	switch {
	case !ok: // plain values, such as the databases of a grant
		return ""
	case field != "ports":
		return mergeKeys[field]
	}
	if first["protocol"] == nil || first["name"] == nil { // the ports of a network policy are compared as a whole
		return ""
	}
	for _, key := range portKeys {
		if first[key] != nil {
			return key
		}
	}
	return ""
}

func coveredByKey(key string, want, have []any) bool {
	for _, item := range want {
		wanted, ok := item.(map[string]any)
		if !ok || !coveredBySome(key, wanted, have) {
			return false
		}
	}
	return true
}

func coveredBySome(key string, wanted map[string]any, have []any) bool {
	for _, item := range have {
		live, ok := item.(map[string]any)
		if ok && equalScalar(wanted[key], live[key]) && coveredMap(wanted, live) {
			return true
		}
	}
	return false
}

func equalScalar(want, have any) bool {
	if have == nil { // an empty value and an absent field are the same to the API server
		return reflect.ValueOf(want).IsZero()
	}
	return reflect.DeepEqual(want, have)
}
