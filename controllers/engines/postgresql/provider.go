// Package postgresql serves a StackDatabase with the engine PostgreSQL from native objects: one primary that writes, and read
// copies that follow it.
package postgresql

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/backup"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// port of the server.
	port = 5432
	// primaryRole and replicaRole tell the two StatefulSets apart in the component label; provisionRole is the Job's.
	primaryRole, replicaRole, provisionRole = "primary", "replica", "provision"
	// superuser is the administrator's role; probeUser and replicationUser are made by scripts/roles.sql.
	superuser, probeUser, replicationUser = "postgres", "stackwright_probe", "stackwright_replication"
	// Keys of the administrator's Secret.
	keyPassword, keyReplicationPassword, keyProbePassword = "password", "replication-password", "probe-password"
)

// Builtin returns the provider.
func Builtin() part.Provider {
	return part.Provider{
		Name:           string(v1alpha1.ProviderBuiltin),
		Kind:           "StackDatabase",
		Engine:         string(v1alpha1.EnginePostgreSQL),
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
		Backup:         dumpJob,
		Build:          build,
	}
}

// adminData is the administrator's Secret: the values, and the role that the first one belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": superuser})
}

// upgrade allows every step within a major version; the format of the data differs between major versions.
func upgrade(from, to string) error {
	if major(from) == major(to) {
		return nil
	}
	return fmt.Errorf("PostgreSQL %s cannot become %s in place; create a StackDatabase with version %s, move the data with "+
		"pg_dump and psql, and let the stack use that one", from, to, to)
}

func build(s *part.Service) (part.Output, error) {
	var output part.Output
	if err := checkParameters(s); err != nil {
		return output, err
	}
	if err := checkNames(s); err != nil {
		return output, err
	}
	config := configMap(s)
	set := primary(s, config.Name)
	output.Add(config, primaryService(s), networkPolicy(s), set)
	if s.Replicas > 0 {
		output.Add(replicaService(s), replica(s, config.Name))
	}
	if budget := disruptionBudget(s); budget != nil {
		output.Add(budget)
	}
	addBackups(s, config.Name, set, &output)
	if runs(s) {
		plan := planConfigMap(s)
		job := provisionJob(s, plan.Name)
		output.Add(plan, job)
		output.Provisioning = job.Name
	}
	verdicts(s, &output)
	return output, nil
}

// addBackups adds what keeps and makes backups, and what begins with one.
func addBackups(s *part.Service, config string, set *appsv1.StatefulSet, output *part.Output) {
	if s.Vault != nil {
		output.Merge(backup.Place(s))
	}
	if s.Vault != nil && s.Vault.Login != nil && s.Vault.Schedule != "" {
		output.Merge(backup.Schedule(s, dumpStep(s)))
	}
	if s.Vault != nil && s.Vault.Verify != "" {
		output.Merge(backup.Verify(s, restoreStep(s, config)))
	}
	if s.Recovery != nil && !s.Suspended {
		restore := restoreJob(s, config, set)
		output.Merge(restore)
		output.Provisioning = restore.Provisioning
	}
}

// runs says whether the servers should run: there is nothing for them to serve before a backup is restored.
func runs(s *part.Service) bool { return !s.Suspended && s.Recovery == nil }

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
		verdict("ReadCopies", v1alpha1.VerdictEnforced, "streaming replication; a consumer with access ReadOnly reads from the copies")
	}
	verdictOnBackups(s, verdict)
	if s.Production {
		verdict("Failover", v1alpha1.VerdictFallback, "the primary is restarted by Kubernetes and its volume is attached again; "+
			"no copy takes its place by itself")
	}
}

// verdictOnBackups is silent where nobody expects backups.
func verdictOnBackups(s *part.Service, verdict func(string, v1alpha1.Verdict, string)) {
	switch {
	case s.Vault != nil:
		verdict("Backup", v1alpha1.VerdictEnforced, "a StackBackup makes an encrypted copy; keep Secret "+kit.BackupKey(s.Name)+
			" outside the cluster too, since no backup can be read without it")
	case s.Production:
		verdict("Backup", v1alpha1.VerdictUnsupported, "production expects backups, and the class has no place for them; ask the "+
			"platform team for spec.backupTarget of the StackClass")
	}
}
