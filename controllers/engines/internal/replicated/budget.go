package replicated

import (
	"fmt"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// verdictOnConnections says whether the consumers fit into a database of which each server has room for so many connections of theirs.
// Consumers that only read go to the copies where there are any. A database that no pod uses has no verdict.
func verdictOnConnections(s *part.Service, room int64, output *part.Output) {
	var primary, copies, clients int64
	for _, c := range s.Consumers {
		switch {
		case readsCopies(s, c):
			copies += c.Connections
		case s.Pooler != nil:
			clients += c.Connections
			primary += min(c.Connections, int64(s.Pooler.ServerConnections))
		default:
			primary += c.Connections
		}
	}
	if primary+copies == 0 {
		return
	}
	parts := []string{fmt.Sprintf("pods may open %d connections at once, and there is room for %d", primary, room)}
	if copies > 0 {
		parts = append(parts, fmt.Sprintf("for reading %d to the copies, which have room for %d", copies, room*int64(s.Replicas)))
	}
	fits := true
	if s.Pooler != nil {
		parts[0] = fmt.Sprintf("pods may open %d connections at once to the pooler, which takes %d, and the pooler %d to the server, which has room for %d",
			clients, s.Pooler.MaxClients, primary, room)
		fits = clients <= int64(s.Pooler.MaxClients)
	}
	message := strings.Join(parts, "; ")
	if fits && primary <= room && copies <= room*int64(s.Replicas) {
		Verdict(output, "ConnectionBudget", v1alpha1.VerdictEnforced, message)
		return
	}
	Verdict(output, "ConnectionBudget", v1alpha1.VerdictUnsupported, message+". Set poolSize of the stacks' entries to what their pods really "+
		"open (10 for each pod where it is absent), lower their highest number of pods, or give the database a larger size, more "+
		"parameters.max_connections or a pooler of the right size")
}
