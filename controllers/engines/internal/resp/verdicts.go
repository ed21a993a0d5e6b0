package resp

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// verdicts say what the cache promises and what it does not.
func verdicts(s *part.Service, output *part.Output) {
	say := func(name string, verdict v1alpha1.Verdict, format string, args ...any) {
		output.Verdict(v1alpha1.CapabilityVerdict{
			Name: name, Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: fmt.Sprintf(format, args...),
		})
	}
	verdict, message := encryption(s)
	say("TLS", verdict, "%s", message)
	verdict, message = durability(s)
	say("Persistence", verdict, "%s", message)
	say("Eviction", v1alpha1.VerdictEnforced, "%s at %s of content", policies[s.Eviction], binary(maxMemory(s)))
	if s.Replicas > 0 {
		verdictOnCopies(s, say)
	}
	if len(s.Consumers) > 1 {
		say("KeyIsolation", v1alpha1.VerdictFallback, "%d stack entries have logins of their own and share the keys: "+
			"the engine cannot keep them apart without changing every key; give a stack a cache of its own to isolate it",
			len(s.Consumers))
	}
}

// verdictOnCopies says what a failover keeps and what it may lose.
func verdictOnCopies(s *part.Service, say func(string, v1alpha1.Verdict, string, ...any)) {
	say("ReadCopies", v1alpha1.VerdictEnforced, "asynchronous replication; a consumer with access ReadOnly reads from the copies")
	const elects = "three sentinels elect a copy within seconds, and host and uri of a binding lead to it; "
	if s.Replicas < 2 {
		say("Failover", v1alpha1.VerdictEnforced, elects+"what was acknowledged and not yet copied is lost, usually less than a second; "+
			"with one copy the primary goes on alone when it is away, so that a second failure loses what came since")
		return
	}
	say("Failover", v1alpha1.VerdictEnforced, elects+"what was acknowledged and not yet copied is lost, usually less than a second; "+
		"while no copy follows for 10 seconds, writes are refused")
}

func encryption(s *part.Service) (v1alpha1.Verdict, string) {
	switch s.TLS {
	case v1alpha1.TLSRequired:
		return v1alpha1.VerdictEnforced,
			"connections in clear text are refused; clients have to trust ca.crt of their binding"
	case v1alpha1.TLSPreferred:
		return v1alpha1.VerdictFallback, fmt.Sprintf("uri of a binding is in clear text, because clients cannot trust a "+
			"private authority by an address alone; tls-uri on port %d is encrypted; set tls.mode Required once every client "+
			"trusts ca.crt", encryptedPort)
	}
	return v1alpha1.VerdictUnsupported, "connections are in clear text, as tls.mode Disabled asks"
}

// rewriteFactor is how many times the content has to fit on the volume: the file before a rewrite has at most twice the
// content, and the new one stands beside it.
const rewriteFactor = 3

func durability(s *part.Service) (v1alpha1.Verdict, string) {
	const file = "an append-only file on a retained volume, "
	needed := maxMemory(s) * rewriteFactor
	switch {
	case !s.Durable && s.Replicas > 0:
		return v1alpha1.VerdictUnsupported, "the content is in memory only, as persistence None asks: it is lost when all members restart at once"
	case !s.Durable:
		return v1alpha1.VerdictUnsupported,
			"the content is in memory only, as persistence None asks: every restart loses all of it"
	case s.Storage.Size.Value() < needed:
		return v1alpha1.VerdictFallback, fmt.Sprintf(
			"a full cache can fill its volume of %s, and then refuses writes; grow storage.size to %s",
			s.Storage.Size.String(), binary(needed))
	case s.Parameters[fsync] == "always":
		return v1alpha1.VerdictEnforced, file + "written before each answer: a crash loses nothing that was acknowledged"
	}
	return v1alpha1.VerdictEnforced, file +
		"written every second: a crash of the node loses the last second of acknowledged writes, two on a slow disk"
}

// binary writes an amount in mebibytes, rounded up.
func binary(amount int64) string {
	const mebibyte = 1 << 20
	return resource.NewQuantity((amount+mebibyte-1)/mebibyte*mebibyte, resource.BinarySI).String()
}
