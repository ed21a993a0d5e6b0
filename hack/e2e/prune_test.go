package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// less is the stack everything with less of it, and more storage.
var less = stack("all", `  volumes:
  - {name: uploads, size: 2Gi}
  databases:
  - {name: main, engine: PostgreSQL, size: Nano, storage: {size: 2Gi}}
  caches:
  - {name: pages, engine: Memcached, size: Nano}
  components:
  - {name: web, `+app+`, uses: [main, pages], replicas: 1}
`)

// shrink takes away what less does not have: stateless objects go, data stays, and claims grow.
func shrink(t *testing.T, n *harness.Namespace) {
	t.Helper()
	n.Apply(less)
	n.Ready("all", later)
	harness.Eventually(t, soon, "what is not wanted any more goes", func() (bool, string) {
		listed := n.Run("get", "deployments,statefulsets,services,serviceaccounts,hpa,pdb,networkpolicies", "-o", "name")
		for _, gone := range []string{"/all-api", "/all-worker", "/all-files", "/all-lb", "/all-main-replica", "horizontalpodautoscaler", "poddisruptionbudget"} {
			if strings.Contains(listed, gone) {
				return false, gone + " in " + listed
			}
		}
		return true, ""
	})
	if listed := n.Run("get", "statefulsets,stackcaches", "-o", "name"); !strings.Contains(listed, "stackcache.stackwright.dev/all-sessions") ||
		!strings.Contains(listed, "statefulset.apps/all-sessions") {
		t.Errorf("the cache went with its entry: %s", listed)
	}
	for _, claim := range []string{"data-all-main-0", "all-uploads"} {
		harness.Eventually(t, soon, "claim "+claim+" grows", func() (bool, string) {
			object := &corev1.PersistentVolumeClaim{}
			if err := n.Get(object, claim); err != nil {
				return false, err.Error()
			}
			size := object.Spec.Resources.Requests.Storage().String()
			return size == "2Gi", size
		})
	}
	rows{n, t}.want("deployment/all-web", "first")
}
