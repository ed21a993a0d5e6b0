package replicated

import (
	"net"
	"net/url"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Binding returns the keys of a consumer's binding Secret. Query are the options of its address.
func (e *Engine) Binding(s *part.Service, c part.Consumer, password, query string) map[string]string {
	server := Host(s)
	if readsCopies(s, c) {
		server = kit.ServiceHost(ReplicaName(s), s.Namespace, s.ClusterDomain)
	}
	keys, address := e.Facts(server, c, password, query)
	if s.Pooler != nil && !readsCopies(s, c) {
		pooled := strconv.Itoa(int(e.PoolerPort))
		keys["direct-port"], keys["direct-uri"] = keys["port"], keys["uri"]
		address.Host = net.JoinHostPort(server, pooled)
		keys["port"], keys["uri"] = pooled, address.String()
	}
	watched := exporter.Primary(s, 1)
	if readsCopies(s, c) {
		watched = exporter.Replica(s, s.Replicas)
	}
	exporter.Bind(s, keys, watched, e.ExporterPort)
	return keys
}

// Facts are what a consumer needs to reach a server, with the address that they make.
func (e *Engine) Facts(server string, c part.Consumer, password, query string) (map[string]string, url.URL) {
	port := strconv.Itoa(int(e.Port))
	address := url.URL{
		Scheme: e.Name, User: url.UserPassword(c.Login, password),
		Host: net.JoinHostPort(server, port), Path: "/" + c.Database, RawQuery: query,
	}
	return map[string]string{
		"type": e.Name, "provider": "stackwright",
		"host": server, "port": port, "database": c.Database,
		"username": c.Login, "password": password,
		"uri": address.String(),
	}, address
}

// readsCopies says whether a consumer is led to the read copies.
func readsCopies(s *part.Service, c part.Consumer) bool {
	return c.Access == v1alpha1.AccessReadOnly && s.Replicas > 0
}

// BoundAuthority is where a component finds the authority of a binding. Drivers read the path unescaped or escaped alike.
func BoundAuthority(c part.Consumer) string { return "/bindings/" + c.Entry + "/ca.crt" }
