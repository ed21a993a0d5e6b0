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
	var primary, copies int64
	for _, c := range s.Consumers {
		if c.Access == v1alpha1.AccessReadOnly && s.Replicas > 0 {
			copies += c.Connections
		} else {
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
	message := strings.Join(parts, "; ")
	if primary <= room && copies <= room*int64(s.Replicas) {
		verdict(output, "ConnectionBudget", v1alpha1.VerdictEnforced, message)
		return
	}
	verdict(output, "ConnectionBudget", v1alpha1.VerdictUnsupported, message+". Set poolSize of the stacks' entries to what their pods really "+
		"open (10 for each pod where it is absent), lower their highest number of pods, or give the database a larger size or more "+
		"parameters.max_connections")
}
