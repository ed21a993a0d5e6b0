package v1alpha1_test

import (
	"strings"
	"testing"
)

const (
	// longestName is what the rules allow for a data service, and for a stack and one of its entries with the hyphen.
	longestName = 44

	// Kubernetes puts the name of a StatefulSet and a hash of 10 characters into a label of at most 63.
	statefulSetLimit = 52
	// A Service's name is a DNS label; so is a Job's name, as it stands in a label of its pods.
	labelLimit = 63
	// Every other name is a DNS subdomain.
	subdomainLimit = 253
)

// TestChildNamesFit is the table of the names that are made of the longest legal name.
func TestChildNamesFit(t *testing.T) {
	name := strings.Repeat("n", longestName)
	hash, jobHash, random, version := "-0123456789", "-01234567", "-abcde", "-v2147483647"
	for _, child := range []struct {
		of, kind, name string
		limit          int
	}{
		{"component", "Deployment", name, labelLimit},
		{"component", "pod of the Deployment", name + hash + random, labelLimit},
		{"component", "Service", name, labelLimit},
		{"data service", "StatefulSet", name, statefulSetLimit},
		{"data service", "StatefulSet of read copies", name + "-replica", statefulSetLimit},
		{"data service", "pod of read copies", name + "-replica-10", labelLimit},
		{"data service", "Service", name, labelLimit},
		{"data service", "Service of read copies", name + "-replica", labelLimit},
		{"data service", "Service of cluster members", name + "-nodes", labelLimit},
		{"data service", "Job with a purpose of 9 characters", name + "-provision" + jobHash, labelLimit},
		{"data service", "anchor", name + "-database-anchor", subdomainLimit},
		{"data service", "credential", name + "-consumer" + version + random, subdomainLimit},
		{"data service", "claim of a pod", "data-" + name + "-replica-10", subdomainLimit},
		{"stack", "binding", name + "-binding" + version + random, subdomainLimit},
	} {
		if length := len(child.name); length > child.limit {
			t.Errorf("%s: the name of the %s has %d characters; the limit is %d", child.of, child.kind, length, child.limit)
		}
	}
}
