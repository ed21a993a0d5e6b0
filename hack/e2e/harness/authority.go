package harness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/stackwright/stackwright/hack/e2e/audit"
)

// unusedGrants are granted although the suite need not use them, each with the reason.
var unusedGrants = map[string]string{
	"update backendstacks/finalizers.stackwright.dev":  blockOwnerDeletion,
	"update stackdatabases/finalizers.stackwright.dev": blockOwnerDeletion,
	"update stackcaches/finalizers.stackwright.dev":    blockOwnerDeletion,
	"update stackqueues/finalizers.stackwright.dev":    blockOwnerDeletion,
	"update stackbackups/finalizers.stackwright.dev":   blockOwnerDeletion,
	"patch events.events.k8s.io":                       "client-go counts an event that repeats itself within minutes",
}

// blockOwnerDeletion is why finalizers are granted: no request names them, but the admission plugin
// OwnerReferencesPermissionEnforcement asks for it where a cluster has it on.
const blockOwnerDeletion = "needed to set blockOwnerDeletion in controller references"

// CheckAuthority holds everything that the operator asked of the API server against its role. The role has to be exact in both
// directions when every test ran.
func (s *Suite) CheckAuthority(complete bool) []string {
	if err := s.Operator.Stop(); err != nil {
		return []string{err.Error()}
	}
	role, err := Role(s.Root)
	if err != nil {
		return []string{err.Error()}
	}
	events, err := s.Audit.Since(time.Time{})
	if err != nil {
		return []string{err.Error()}
	}
	Say("the operator made %d requests: %s", len(events), strings.Join(audit.Used(events), ", "))
	problems := forbiddenRules(role.Rules)
	beyond, unused := audit.Compare(role.Rules, events)
	for _, request := range beyond {
		problems = append(problems, "beyond the role: "+request)
	}
	for _, grant := range unused {
		if complete && unusedGrants[grant] == "" {
			problems = append(problems, "granted and never used: "+grant)
		}
	}
	return append(problems, audit.SecretAnswers(events)...)
}

// forbiddenRules are rules that no version of the role may have.
func forbiddenRules(rules []rbacv1.PolicyRule) []string {
	var problems []string
	for _, rule := range rules {
		for _, words := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs} {
			if slices.Contains(words, "*") {
				problems = append(problems, fmt.Sprintf("the role has a wildcard: %v", rule))
			}
		}
		if slices.Contains(rule.Resources, "secrets") && !slices.Equal(rule.Verbs, []string{"create"}) {
			problems = append(problems, fmt.Sprintf("the role has more than create on Secrets: %v", rule))
		}
		if slices.Contains(rule.Resources, "persistentvolumeclaims") &&
			(slices.Contains(rule.Verbs, "delete") || slices.Contains(rule.Verbs, "deletecollection")) {
			problems = append(problems, "the role may delete claims")
		}
		for _, resource := range rule.Resources {
			if slices.Contains([]string{"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"}, resource) {
				problems = append(problems, "the role has "+resource)
			}
		}
	}
	return problems
}
