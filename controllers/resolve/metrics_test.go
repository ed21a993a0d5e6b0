package resolve_test

import (
	"context"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// TestMetrics: the class says whom metrics are told to, and may give an image of its own.
func TestMetrics(t *testing.T) {
	for what, c := range map[string]struct {
		class, image string
		readers      v1alpha1.NamespacesFrom
	}{
		"of the built-in catalog": {"{profile: Development}", "quay.io/prometheuscommunity/postgres-exporter:v0.20.1", ""},
		"of the class":            {"{images: [{engine: PostgreSQLExporter, version: '1', image: 'example.com/exporter:1'}]}", "example.com/exporter:1", ""},
		"to everybody": {
			"{monitoring: {namespaces: {from: All}}}", "quay.io/prometheuscommunity/postgres-exporter:v0.20.1", v1alpha1.NamespacesAll,
		},
	} {
		t.Run(what, func(t *testing.T) {
			d, policy := database(t, "shop", "main", "{engine: PostgreSQL, metrics: {}, stackClassName: platform}"), class(t, "platform", c.class)
			plan, err := cluster(d, policy).Service(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Service.Metrics
			if got.Image.Name != c.image || (got.Readers == nil) != (c.readers == "") || got.Readers != nil && got.Readers.From != c.readers {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestNoMetrics: nothing is told that nobody asks for.
func TestNoMetrics(t *testing.T) {
	d := database(t, "shop", "main", "{engine: PostgreSQL}")
	plan, err := cluster(d).Service(context.Background(), d)
	if err != nil || plan.Service.Metrics != nil {
		t.Errorf("%v, %v", plan.Service.Metrics, err)
	}
}
