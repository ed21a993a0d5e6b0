package audit

import (
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
)

// grant is one verb on one resource.
type grant struct {
	resource Resource
	verb     string
}

// Compare holds the rules of a role against the requests that were made under it. It returns what was refused or went beyond
// the rules, and what was granted and not used.
func Compare(rules []rbacv1.PolicyRule, events []Event) (beyond, unused []string) {
	granted := map[grant]bool{}
	for _, rule := range rules {
		for _, g := range grantsOf(rule) {
			granted[g] = false
		}
	}
	for i := range events {
		event := &events[i]
		used := grant{event.Resource(), event.Verb}
		if used.resource.Name == "" {
			continue // discovery, which everybody may
		}
		if _, known := granted[used]; !known || event.Denied() {
			beyond = append(beyond, event.String())
			continue
		}
		granted[used] = true
	}
	for g, used := range granted {
		// A watch streams the list where the API server can; where it cannot, the same informer lists.
		streamed := g.verb == "list" && granted[grant{g.resource, "watch"}]
		if !used && !streamed {
			unused = append(unused, fmt.Sprintf("%s %s", g.verb, g.resource))
		}
	}
	slices.Sort(unused)
	return beyond, unused
}

func grantsOf(rule rbacv1.PolicyRule) []grant {
	var grants []grant
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				grants = append(grants, grant{Resource{group, resource}, verb})
			}
		}
	}
	return grants
}

// Used lists every verb and resource that was requested, sorted.
func Used(events []Event) []string {
	var used []string
	for i := range events {
		if resource := events[i].Resource(); resource.Name != "" {
			used = append(used, resource.String()+" "+events[i].Verb)
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}
