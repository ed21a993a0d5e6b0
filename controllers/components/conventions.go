package components

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Facts beside those of servicebinding.io that engines publish.
const (
	factServers       = "servers"
	factCeleryBroker  = "celery-broker-url"
	factCeleryResults = "celery-result-backend"
)

const variableCeleryBroker = "CELERY_BROKER_URL"

// convention says which variables frameworks read for one sort of service.
type convention struct {
	engines   []string
	variables []conventionalVariable
}

// conventionalVariable is read from the first fact that the Secret is known to have, else from the last.
type conventionalVariable struct {
	name  string
	facts []string
}

// conventions in the order in which they claim variables: a broker serves Celery before a cache does.
var conventions = []convention{
	{
		[]string{string(v1alpha1.EnginePostgreSQL), string(v1alpha1.EngineMySQL)},
		[]conventionalVariable{{"DATABASE_URL", []string{factURI}}},
	},
	{
		[]string{string(v1alpha1.EngineMongoDB)},
		[]conventionalVariable{{"MONGODB_URL", []string{factURI}}},
	},
	{
		[]string{string(v1alpha1.EngineRabbitMQ)},
		[]conventionalVariable{
			{"AMQP_URL", []string{factURI}},
			{variableCeleryBroker, []string{factCeleryBroker, factURI}},
		},
	},
	{
		[]string{string(v1alpha1.EngineRedis), string(v1alpha1.EngineValkey)},
		[]conventionalVariable{
			{"REDIS_URL", []string{factURI}},
			{variableCeleryBroker, []string{factCeleryBroker, factURI}},
			{"CELERY_RESULT_BACKEND", []string{factCeleryResults, factURI}},
		},
	},
	{
		[]string{string(v1alpha1.EngineMemcached)},
		[]conventionalVariable{{"MEMCACHED_SERVERS", []string{factServers}}},
	},
}

// conventionalVariables are the names that frameworks read, each set when one service alone can give it, or one of several
// is the default. The second value says in words which are not set although services are there; empty when none.
func (w *workload) conventionalVariables() ([]corev1.EnvVar, string) {
	var (
		env     []corev1.EnvVar
		unset   []string
		claimed []string
	)
	for _, sort := range conventions {
		candidates := w.usesOf(sort.engines)
		if len(candidates) == 0 {
			continue
		}
		open := w.unclaimed(sort.variables, claimed)
		for _, variable := range open {
			claimed = append(claimed, variable.name)
		}
		if chosen := choose(candidates); chosen != nil {
			env = append(env, conventionalEnv(chosen, open)...)
		} else if len(open) > 0 {
			unset = append(unset, ambiguity(open, candidates))
		}
	}
	return env, shortened(strings.Join(unset, "; "))
}

// usesOf are the used services of the engines.
func (w *workload) usesOf(engines []string) []*part.Dependency {
	var found []*part.Dependency
	for i := range w.Uses {
		if slices.Contains(engines, w.Uses[i].Engine) {
			found = append(found, &w.Uses[i])
		}
	}
	return found
}

// unclaimed leaves out what another sort of service has claimed, and what an entry has as its own variable: the URL of an
// entry called database is DATABASE_URL.
func (w *workload) unclaimed(variables []conventionalVariable, claimed []string) []conventionalVariable {
	return slices.DeleteFunc(slices.Clone(variables), func(variable conventionalVariable) bool {
		return slices.Contains(claimed, variable.name) || w.isOwnVariable(variable.name)
	})
}

func (w *workload) isOwnVariable(name string) bool {
	for i := range w.Uses {
		if variablePrefix(w.Uses[i].Name)+"_URL" == name && factExists(&w.Uses[i], factURI) {
			return true
		}
	}
	return slices.ContainsFunc(w.Calls, func(callee part.Callee) bool {
		return variablePrefix(callee.Name)+"_URL" == name && callee.Port != 0
	})
}

// choose returns the only candidate, or the only one that is marked as the default; nil where the choice is open.
func choose(candidates []*part.Dependency) *part.Dependency {
	if len(candidates) == 1 {
		return candidates[0]
	}
	defaults := slices.DeleteFunc(slices.Clone(candidates), func(d *part.Dependency) bool { return !d.Default })
	if len(defaults) == 1 {
		return defaults[0]
	}
	return nil
}

// conventionalEnv sets the variables that the service can give. A Secret of the user may lack the fact: an address is never
// put together here, because a password in it would have to be encoded.
func conventionalEnv(d *part.Dependency, variables []conventionalVariable) []corev1.EnvVar {
	var env []corev1.EnvVar
	for _, variable := range variables {
		if fact := firstKnown(d, variable.facts); factExists(d, fact) {
			env = append(env, factEnv(d, variable.name, fact))
		} else if fact == factServers && factExists(d, "host") && factExists(d, "port") {
			env = append(env, serverEnv(d, variable.name))
		}
	}
	return env
}

func firstKnown(d *part.Dependency, facts []string) string {
	for _, fact := range facts {
		if !mayLackFacts(d) && factExists(d, fact) {
			return fact
		}
	}
	return facts[len(facts)-1]
}

// serverEnv is the list of the one server of an external Memcached, composed from the variables before it.
func serverEnv(d *part.Dependency, variable string) corev1.EnvVar {
	prefix := variablePrefix(d.Name)
	return corev1.EnvVar{Name: variable, Value: "$(" + prefix + "_HOST):$(" + prefix + "_PORT)"}
}

func ambiguity(variables []conventionalVariable, candidates []*part.Dependency) string {
	names := make([]string, 0, len(variables))
	for _, variable := range variables {
		names = append(names, variable.name)
	}
	entries := make([]string, 0, len(candidates))
	for _, candidate := range candidates {
		entries = append(entries, candidate.Name)
	}
	return fmt.Sprintf("%s could come from %s: mark one of them with default: true",
		enumeration(names, 100), enumeration(entries, 100))
}

// shortened keeps a message within the limit of a verdict.
func shortened(message string) string {
	const limit = 512
	if len(message) > limit {
		return message[:limit-len("...")] + "..."
	}
	return message
}
