package v1alpha1_test

import (
	"fmt"
	"testing"
)

// TestLargestStackFitsTheBudget fills every list that rules walk through up to its limit: the API server counts what rules
// cost at run time too, and refuses an object that costs too much.
func TestLargestStackFitsTheBudget(t *testing.T) {
	kind := loadKinds(t)["BackendStack"]
	object := map[string]any{
		"apiVersion": "stackwright.dev/v1alpha1",
		"kind":       "BackendStack",
		"metadata":   map[string]any{"name": "large", "namespace": "default"},
		"spec":       largestSpec(),
	}
	for _, err := range kind.validate(t.Context(), object, nil) {
		t.Error(err)
	}
}

func largestSpec() map[string]any {
	parameters := map[string]any{}
	for i := range 64 {
		parameters[fmt.Sprintf("extension.parameter_with_a_rather_long_name_%d", i)] = "on"
	}
	return map[string]any{
		"databases": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("database", i), "engine": []string{"PostgreSQL", "MySQL"}[i%2], "parameters": parameters}
		}),
		"caches": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("cache", i), "engine": "Valkey", "parameters": map[string]any{"hz": "20"}}
		}),
		"queues": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("queue", i), "engine": "RabbitMQ", "parameters": map[string]any{"heartbeat": "20"}, "topology": largeTopology()}
		}),
		"bindings": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("binding", i), "type": "s3", "secretRef": map[string]any{"name": "s3"}}
		}),
		"volumes": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("shared", i), "size": "1Gi"}
		}),
		"components": repeat(48, largeComponent),
	}
}

func largeTopology() any {
	return map[string]any{
		"queues": repeat(64, func(i int) any {
			return map[string]any{"name": entryName("queue", i), "maxLength": int64(1000), "deadLetterExchange": "dead", "deadLetterRoutingKey": "old"}
		}),
		"exchanges": repeat(32, func(i int) any {
			return map[string]any{"name": entryName("exchange", i), "type": "Headers"}
		}),
		"bindings": repeat(128, func(i int) any {
			headers := map[string]any{}
			for j := range 8 {
				headers[entryName("header", j)] = "value"
			}
			return map[string]any{"exchange": entryName("exchange", i%32), "queue": entryName("queue", i%64), "headers": headers}
		}),
		"policies": repeat(32, func(i int) any {
			return map[string]any{"name": entryName("policy", i), "pattern": "^orders", "definition": map[string]any{"deliveryLimit": int64(3)}}
		}),
	}
}

func largeComponent(i int) any {
	mounts := repeat(32, func(i int) any {
		name := entryName("own", i%16)
		if i >= 16 {
			name = entryName("shared", i%16)
		}
		return map[string]any{"name": name, "mountPath": fmt.Sprintf("/srv/%d", i)}
	})
	return map[string]any{
		"name":  entryName("component", i),
		"image": "registry.example.com/team/component:1.0.0",
		"port":  int64(8080),
		"ports": repeat(16, func(i int) any {
			return map[string]any{"name": fmt.Sprintf("port-%d", i), "port": int64(9000 + i)}
		}),
		"resources": map[string]any{
			"requests": map[string]any{"cpu": "500m", "memory": "256Mi"},
			"limits":   map[string]any{"cpu": int64(1), "memory": "256Mi"},
		},
		"env": repeat(64, func(i int) any {
			return map[string]any{"name": fmt.Sprintf("VARIABLE_%d", i), "value": "value"}
		}),
		"volumes": repeat(16, func(i int) any {
			return map[string]any{"name": entryName("own", i), "emptyDir": map[string]any{}}
		}),
		"volumeMounts": mounts,
		"initContainers": repeat(8, func(i int) any {
			return map[string]any{"name": entryName("init", i), "volumeMounts": mounts[8:24]}
		}),
		"uses": repeat(32, func(i int) any {
			if i < 16 {
				return entryName("binding", i)
			}
			return entryName("queue", i-16)
		}),
		"allowFrom": repeat(32, func(i int) any {
			return map[string]any{"component": entryName("component", i+16)}
		}),
	}
}

// entryName is a name of nearly the greatest length.
func entryName(sort string, i int) string { return fmt.Sprintf("%s-of-the-large-%02d", sort, i) }

func repeat(count int, item func(int) any) []any {
	items := make([]any, count)
	for i := range items {
		items[i] = item(i)
	}
	return items
}
