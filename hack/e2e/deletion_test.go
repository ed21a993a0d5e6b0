package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/hack/e2e/harness"
)

func lonelyDatabase(policy string) string {
	return `apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: main}
spec: {engine: PostgreSQL, size: Nano, storage: {size: 1Gi}, deletionPolicy: ` + policy + "}\n"
}

// deletionPolicy Delete takes the claims only where the deletion was confirmed.
func TestDeletionPolicy(t *testing.T) {
	t.Parallel()
	n := suite.Namespace(t)
	claims := func() int { return n.Count(&corev1.PersistentVolumeClaimList{}) }
	remove := func() {
		n.Run("delete", "stackdatabase", "main", "--timeout=90s")
		harness.Eventually(t, soon, "the pods go", func() (bool, string) {
			left := n.Run("get", "pods", "-o", "name")
			return left == "", left
		})
	}
	n.Apply(lonelyDatabase("Retain"))
	n.Run("wait", "--for=condition=Ready", "--timeout=360s", "stackdatabase/main")
	n.Run("annotate", "stackdatabase/main", "stackwright.dev/confirm-deletion=main")
	remove()
	if got := claims(); got != 1 {
		t.Fatalf("policy Retain left %d claims", got)
	}
	n.Apply(lonelyDatabase("Delete"))
	n.Run("wait", "--for=condition=Ready", "--timeout=360s", "stackdatabase/main")
	remove()
	if got := claims(); got != 1 {
		t.Fatalf("policy Delete without confirmation left %d claims", got)
	}
	n.Apply(lonelyDatabase("Delete"))
	n.Run("wait", "--for=condition=Ready", "--timeout=360s", "stackdatabase/main")
	n.Run("annotate", "stackdatabase/main", "stackwright.dev/confirm-deletion=main")
	remove()
	harness.Eventually(t, soon, "the claim goes after a confirmed deletion", func() (bool, string) {
		left := n.Run("get", "pvc,configmaps,secrets", "-o", "name")
		return claims() == 0, left
	})
	if left := n.Run("get", "secrets", "-o", "name"); left != "" {
		t.Errorf("Secrets are left: %s", left)
	}
}
