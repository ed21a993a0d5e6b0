// Package mysql serves a StackDatabase with the engine MySQL from native objects: one primary that writes, and read copies that
// follow it.
package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/connections"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// port of the server.
	port = 3306
	// primaryRole and replicaRole tell the two StatefulSets apart in the component label; provisionRole is the Job's.
	primaryRole, replicaRole, provisionRole = "primary", "replica", "provision"
	// administrator is the account that the Job works as; scripts/accounts.sql makes it. The account root exists inside the pod
	// only, with the same password.
	administrator = "stackwright_admin"
	// Keys of the administrator's Secret.
	keyPassword, keyReplicationPassword, keyProbePassword = "password", "replication-password", "probe-password"
)

// Builtin returns the provider.
func Builtin() part.Provider {
	return part.Provider{
		Name:           string(v1alpha1.ProviderBuiltin),
		Kind:           "StackDatabase",
		Engine:         string(v1alpha1.EngineMySQL),
		DefaultTLS:     v1alpha1.TLSRequired,
		Stateful:       func(*part.Service) bool { return true },
		DefaultStorage: "10Gi",
		AdminValues:    []string{keyPassword, keyReplicationPassword, keyProbePassword},
		AdminData:      adminData,
		ServerNames:    serverNames,
		Endpoint:       endpoint,
		Ports:          func(*part.Service) []int32 { return []int32{port} },
		Login:          login,
		Binding:        binding,
		Upgrade:        upgrade,
		Build:          build,
	}
}

// adminData is the administrator's Secret: the values, and the account that the first one belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": administrator})
}

// served are the releases with long-term support, the only ones that settings are known for, each with what it can become.
var served = map[string][]string{"8.4": {"9.7"}, "9.7": {}}

// series is the release of a version: 8.4 of 8.4.11.
func series(version string) string {
	parts := strings.Split(version, ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// upgrade allows every step within a release, and the one to the next that the server makes by itself.
func upgrade(from, to string) error {
	if series(from) == series(to) || slices.Contains(served[series(from)], series(to)) {
		return nil
	}
	return fmt.Errorf("MySQL %s cannot become %s in place; create a StackDatabase with version %s, move the data with mysqldump "+
		"and mysql, and let the stack use that one", from, to, to)
}

// checkVersion refuses what the settings and scripts are not made for.
func checkVersion(s *part.Service) error {
	if served[series(s.Image.Version)] != nil {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid,
		"version: MySQL %s is not served; 8.4 and 9.7 are, the releases with long-term support", s.Image.Version)
}

func build(s *part.Service) (part.Output, error) {
	var output part.Output
	for _, check := range []func(*part.Service) error{checkVersion, checkSize, checkParameters, checkNames} {
		if err := check(s); err != nil {
			return output, err
		}
	}
	config := configMap(s)
	output.Add(config, primaryService(s), networkPolicy(s), primary(s, config.Name))
	if s.Replicas > 0 {
		output.Add(replicaService(s), replica(s, config.Name))
	}
	if budget := disruptionBudget(s); budget != nil {
		output.Add(budget)
	}
	if !s.Suspended {
		plan := planConfigMap(s)
		job := provisionJob(s, plan.Name)
		output.Add(plan, job)
		output.Provisioning = job.Name
	}
	verdicts(s, &output)
	return output, nil
}

// verdicts says how the capabilities that the service declares are served.
func verdicts(s *part.Service, output *part.Output) {
	verdict := func(name string, verdict v1alpha1.Verdict, message string) {
		output.Verdict(v1alpha1.CapabilityVerdict{
			Name: name, Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
		})
	}
	switch s.TLS {
	case v1alpha1.TLSRequired:
		verdict("TLS", v1alpha1.VerdictEnforced, "connections in clear text are refused")
	case v1alpha1.TLSPreferred:
		verdict("TLS", v1alpha1.VerdictFallback, "connections in clear text are accepted too; bindings name the encrypted ones")
	default:
		verdict("TLS", v1alpha1.VerdictUnsupported, "connections are in clear text, as tls.mode Disabled asks")
	}
	if s.Replicas > 0 {
		verdict("ReadCopies", v1alpha1.VerdictEnforced, "asynchronous replication; a consumer with access ReadOnly reads from the copies")
	}
	connections.Budget(s, room(s), output)
	if s.Production {
		verdict("Failover", v1alpha1.VerdictFallback, "the primary is restarted by Kubernetes and its volume is attached again; "+
			"no copy takes its place by itself")
	}
}
