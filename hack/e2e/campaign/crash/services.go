package crash

// pooling are workloads in which a database gets a pool of connections, and gives it up again.
func pooling() []Workload {
	pooled := edited(small, "engine: PostgreSQL}", "engine: PostgreSQL, pooler: {}}")
	return []Workload{
		{Name: "pool", Given: small, Step: apply(pooled)},
		{Name: "pool-ended", Given: pooled, Step: apply(small)},
	}
}

// telling are workloads in which a database and a cache tell what their servers do, and stop telling.
func telling() []Workload {
	told := edited(small, "engine: PostgreSQL}", "engine: PostgreSQL, metrics: {}}")
	return []Workload{
		{Name: "metrics-on", Given: small, Step: apply(told)},
		{Name: "metrics-off", Given: told, Step: apply(small)},
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
