package resolve_test

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestConnections: every component that uses a database counts with its highest number of pods.
func TestConnections(t *testing.T) {
	for _, c := range []struct {
		what, entry, components string
		want                    int64
	}{
		{"nothing said", "", "{name: web, image: a, replicas: 3}", 30},
		{"a pool of its own", ", poolSize: 4", "{name: web, image: a, replicas: 3}", 12},
		{"the autoscaler's maximum", "", "{name: web, image: a, scale: {min: 2, max: 9}}", 90},
		{"two in production", "", "{name: web, image: a}", 20},
		{"never two at once", "", "{name: web, image: a, strategy: {type: Recreate}}", 10},
		{"only those that use it", "", "{name: web, image: a, replicas: 2, uses: [main]}, {name: mail, image: a, replicas: 5, uses: []}", 20},
		{"all of them", ", poolSize: 1", "{name: web, image: a, replicas: 2}, {name: mail, image: a, replicas: 5}", 7},
		{"none", "", "{name: web, image: a, uses: []}", 0},
	} {
		user := stack(t, "{databases: [{name: main, ref: {name: orders}"+c.entry+"}], components: ["+c.components+"]}")
		object := database(t, "shop", "orders", "allowedConsumers: [{namespaces: {from: All}, databases: ['*']}]")
		got, err := cluster([]client.Object{user}...).Service(context.Background(), object)
		if err != nil || len(got.Consumers) != 1 {
			t.Fatalf("%s: %d consumers, %v", c.what, len(got.Consumers), err)
		}
		if got.Consumers[0].Connections != c.want {
			t.Errorf("%s: %d connections, not %d", c.what, got.Consumers[0].Connections, c.want)
		}
	}
}
