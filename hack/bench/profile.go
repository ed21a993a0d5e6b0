package main

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// namespace holds every stack of a run.
const namespace = "bench"

// warmUp is the number of the stack that is made before the clock starts: it fills caches, and shows what a stack is made of.
const warmUp = 99999

// profiles are the stacks that are measured.
var profiles = map[string]string{
	// app is a web component with everything that serves it.
	"app": `
spec:
  components:
  - name: web
    image: registry.example/web:1
    port: 8080
    healthPath: /healthz
    uses: []
    env: [{name: LOG_LEVEL, value: info}, {name: STAGE, value: production}]
    scale: {min: 2, max: 6}
    routes: [{name: public, hostnames: [%[1]s.example.com]}]
`,
	// full adds a worker, a database, a cache and a queue, which both components use.
	"full": `
spec:
  databases: [{name: main, engine: PostgreSQL}]
  caches: [{name: sessions, engine: Valkey}]
  queues: [{name: jobs, engine: RabbitMQ}]
  components:
  - name: web
    image: registry.example/web:1
    port: 8080
    healthPath: /healthz
    uses: [main, sessions, jobs]
    env: [{name: LOG_LEVEL, value: info}, {name: STAGE, value: production}]
    scale: {min: 2, max: 6}
    routes: [{name: public, hostnames: [%[1]s.example.com]}]
  - name: worker
    type: Worker
    uses: [main, sessions, jobs]
    image: registry.example/web:1
    args: [worker]
`,
}

func stackName(number int) string { return fmt.Sprintf("stack-%05d", number) }

// newStack is one stack of a profile.
func newStack(profile string, number int) (*v1alpha1.BackendStack, error) {
	name := stackName(number)
	stack := &v1alpha1.BackendStack{}
	if err := yaml.UnmarshalStrict(fmt.Appendf(nil, profiles[profile], name), stack); err != nil {
		return nil, err
	}
	stack.Namespace, stack.Name = namespace, name
	return stack, nil
}
