package controllers_test

import "testing"

// tenLines is the stack of the README.
const tenLines = `
apiVersion: stackwright.dev/v1alpha1
kind: BackendStack
metadata: {name: shop}
spec:
  databases:
  - {name: main, engine: PostgreSQL}
  components:
  - name: web
    image: ghcr.io/acme/shop:1.4.2
    port: 8080
`

func TestTenLinesBecomeReady(t *testing.T) {
	w := newWorld(t)
	w.apply(tenLines)
	op := w.start(settings{})
	w.ready("shop")
	op.quiet()
	for _, r := range op.writes(0) {
		t.Log(r)
	}
}
