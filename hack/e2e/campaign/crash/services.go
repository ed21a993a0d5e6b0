package crash

import (
	"context"
	"fmt"
	"slices"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// pooling are workloads in which a database gets a pool of connections, and gives it up again.
func pooling() []Workload {
	pooled := edited(small, "engine: PostgreSQL}", "engine: PostgreSQL, pooler: {}}")
	return []Workload{
		{Name: "pool", Given: small, Step: apply(pooled)},
		{Name: "pool-ended", Given: pooled, Step: apply(small)},
	}
}

// telling are workloads in which a database tells what its servers do, and stops telling.
func telling() []Workload {
	told := edited(small, "engine: PostgreSQL}", "engine: PostgreSQL, metrics: {}}")
	return []Workload{
		{Name: "metrics-on", Given: small, Step: apply(told), Done: bound(true)},
		{Name: "metrics-off", Given: told, Step: apply(small), Done: bound(false)},
	}
}

// bound waits until the stack knows where metrics are, or that there are none, and has nothing left of the binding before.
func bound(metrics bool) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		return rig.Eventually(ctx, "the stack has the other binding", rig.ConvergeLimit, func(ctx context.Context) error {
			a, err := anchorOf(ctx, w, w.Own, "shop-main")
			if err != nil {
				return err
			}
			for i := range a.Consumers {
				if c := &a.Consumers[i]; slices.Contains(c.Set.Keys, "metrics-host") != metrics || c.Previous != nil || c.Rotation != "" {
					return fmt.Errorf("%+v", c)
				}
			}
			return nil
		})
	}
}

// queued is a stack whose components talk through a broker.
const queued = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  queues:
  - {name: jobs, engine: RabbitMQ}
  components:
  - {name: web, image: "ghcr.io/acme/shop:1.4.2", port: 8080, uses: [jobs]}
`

// declaring are workloads in which queues are declared, and declared otherwise.
func declaring() []Workload {
	declared := edited(queued, "engine: RabbitMQ}", "engine: RabbitMQ, topology: {queues: [{name: mail}]}}")
	more := edited(declared, "{name: mail}", "{name: mail, deadLetterExchange: dead}, {name: failed}")
	more = edited(more, "topology: {", "topology: {exchanges: [{name: dead, type: Fanout}], bindings: [{exchange: dead, queue: failed}], ")
	return []Workload{
		{Name: "topology", Given: queued, Step: apply(declared)},
		{Name: "topology-changed", Given: declared, Step: apply(more)},
	}
}
