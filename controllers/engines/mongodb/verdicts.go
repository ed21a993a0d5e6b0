package mongodb

import (
	"fmt"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

func addVerdicts(s *part.Service, output *part.Output) {
	replicated.VerdictOnTLS(s.TLS, output)
	if wanted(s) > 1 {
		replicated.Verdict(output, "ReadCopies", v1alpha1.VerdictEnforced,
			"every member has all data; a consumer with access ReadOnly reads from secondaries")
	}
	if s.Production || wanted(s) > 1 {
		verdict, message := failover(wanted(s))
		replicated.Verdict(output, "Failover", verdict, message)
	}
	verdictOnConnections(s, output)
	if s.Production {
		replicated.Verdict(output, "Backup", v1alpha1.VerdictUnsupported,
			"production expects backups, and there are none for MongoDB here yet; run mongodump, or have the volumes copied")
	}
}

// failover says what becomes of a set that loses members.
func failover(members int32) (v1alpha1.Verdict, string) {
	votes := voters(members)
	even := ""
	if votes < members {
		even = "; the last member has no vote, because an even number of votes survives no more losses than one less"
	}
	if votes == 1 {
		return v1alpha1.VerdictFallback, "one member votes: while it is away nobody writes, and no other takes its place; set replicas to 2" + even
	}
	return v1alpha1.VerdictEnforced, fmt.Sprintf("%d members vote, and choose a new primary by themselves with up to %d of them away", votes, votes/2) + even
}

// verdictOnConnections says whether each member has room for all consumers: after a failover whoever was spread over several is with one. A
// database that no pod uses has no verdict.
func verdictOnConnections(s *part.Service, output *part.Output) {
	var all int64
	for _, c := range s.Consumers {
		all += c.Connections
	}
	if all == 0 {
		return
	}
	message := fmt.Sprintf("pods may open %d connections at once to a member, and each has room for %d", all, room(s))
	if all <= room(s) {
		replicated.Verdict(output, "ConnectionBudget", v1alpha1.VerdictEnforced, message)
		return
	}
	replicated.Verdict(output, "ConnectionBudget", v1alpha1.VerdictUnsupported, message+". Set poolSize of the stacks' entries to what their "+
		"pods really open (10 for each pod where it is absent), lower their highest number of pods, or give the database a larger size or "+
		"more parameters."+connectionsOption)
}
