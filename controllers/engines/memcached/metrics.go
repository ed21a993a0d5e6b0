package memcached

import (
	"fmt"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/part"
)

const exporterPort = 9150

// addMetrics adds memcached_exporter for each node.
func addMetrics(s *part.Service, output *part.Output) {
	if s.Metrics == nil {
		return
	}
	server := exporter.Server(s.Name, host(s))
	args := []string{
		fmt.Sprintf("--web.listen-address=:%d", exporterPort),
		fmt.Sprintf("--memcached.address=%s:%d", server, port),
	}
	if s.TLS == v1alpha1.TLSRequired {
		args = append(args, "--memcached.tls.enable", "--memcached.tls.ca-file="+exporter.Authority, "--memcached.tls.server-name="+server)
	}
	nodes := s.Shards
	if s.Suspended {
		nodes = 0
	}
	exporter.Exporter{Port: exporterPort, Args: args}.Add(s, exporter.Primary(s, nodes), output)
	exporter.Tell(s, exporterPort, output)
}
