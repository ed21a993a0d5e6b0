package replicated

import (
	"net"
	"net/url"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Binding returns the keys of a consumer's binding Secret. Query are the options of its address.
func (e *Engine) Binding(s *part.Service, c part.Consumer, password, query string) map[string]string {
	server, port := Host(s), strconv.Itoa(int(e.Port))
	if c.Access == v1alpha1.AccessReadOnly && s.Replicas > 0 {
		server = kit.ServiceHost(ReplicaName(s), s.Namespace, s.ClusterDomain)
	}
	address := url.URL{
		Scheme: e.Name, User: url.UserPassword(c.Login, password),
		Host: net.JoinHostPort(server, port), Path: "/" + c.Database, RawQuery: query,
	}
	return map[string]string{
		"type": e.Name, "provider": "stackwright",
		"host": server, "port": port, "database": c.Database,
		"username": c.Login, "password": password,
		"uri": address.String(),
	}
}

// BoundAuthority is where a component finds the authority of a binding. Drivers read the path unescaped or escaped alike.
func BoundAuthority(c part.Consumer) string { return "/bindings/" + c.Entry + "/ca.crt" }
