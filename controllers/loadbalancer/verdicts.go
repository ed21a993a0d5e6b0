package loadbalancer

import (
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// addVerdicts says of each rule of a route that it is served.
func addVerdicts(routes []part.Route, output *part.Output) {
	said := map[string]bool{}
	for _, route := range routes {
		if said[subject(route)] {
			continue
		}
		said[subject(route)] = true
		output.Verdict(v1alpha1.CapabilityVerdict{
			Name: "LoadBalancing", Subject: subject(route), Verdict: v1alpha1.VerdictEnforced,
			Provider: string(v1alpha1.ProviderBuiltin), Message: "served by nginx over HTTP",
		})
	}
}

// subject names the rule of a route, with its component.
func subject(route part.Route) string { return route.Component + "/" + route.Entry }

// routeField and ruleField name a route and its rule as the spec does.
func routeField(route part.Route) string {
	entry, _, _ := strings.Cut(route.Entry, "/")
	return "components[" + route.Component + "].routes[" + entry + "]"
}

func ruleField(route part.Route) string {
	_, rule, _ := strings.Cut(route.Entry, "/")
	return routeField(route) + ".rules[" + rule + "]"
}
