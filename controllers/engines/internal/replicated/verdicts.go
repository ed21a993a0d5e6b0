package replicated

import (
	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Verdict says how a capability is served.
func Verdict(output *part.Output, name string, verdict v1alpha1.Verdict, message string) {
	output.Verdict(v1alpha1.CapabilityVerdict{
		Name: name, Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
	})
}

// verdicts says how the capabilities that the service declares are served.
func (e *Engine) verdicts(s *part.Service, output *part.Output) {
	VerdictOnTLS(s.TLS, output)
	if s.Replicas > 0 {
		Verdict(output, "ReadCopies", v1alpha1.VerdictEnforced, e.Replication+" replication; a consumer with access ReadOnly reads from the copies")
	}
	verdictOnConnections(s, max(0, e.Room(s)-ownConnections(s)), output)
	verdictOnBackups(s, output)
	if s.Production {
		Verdict(output, "Failover", v1alpha1.VerdictFallback, "the primary is restarted by Kubernetes and its volume is attached again; "+
			"no copy takes its place by itself")
	}
}

// VerdictOnTLS tells of the modes that every engine of a database has.
func VerdictOnTLS(mode v1alpha1.TLSMode, output *part.Output) {
	switch mode {
	case v1alpha1.TLSRequired:
		Verdict(output, "TLS", v1alpha1.VerdictEnforced, "connections in clear text are refused")
	case v1alpha1.TLSPreferred:
		Verdict(output, "TLS", v1alpha1.VerdictFallback, "connections in clear text are accepted too; bindings name the encrypted ones")
	default:
		Verdict(output, "TLS", v1alpha1.VerdictUnsupported, "connections are in clear text, as tls.mode Disabled asks")
	}
}

// verdictOnBackups is silent where nobody expects backups.
func verdictOnBackups(s *part.Service, output *part.Output) {
	switch {
	case s.Vault != nil:
		Verdict(output, "Backup", v1alpha1.VerdictEnforced, "a StackBackup makes an encrypted copy; keep Secret "+kit.BackupKey(s.Name)+
			" outside the cluster too, since no backup can be read without it")
	case s.Production:
		Verdict(output, "Backup", v1alpha1.VerdictUnsupported, "production expects backups, and the class has no place for them; ask the "+
			"platform team for spec.backupTarget of the StackClass")
	}
}
