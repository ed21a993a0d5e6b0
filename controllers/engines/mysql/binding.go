package mysql

import (
	"net"
	"net/url"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// binding returns the keys of a consumer's binding Secret.
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	server := host(s)
	if c.Access == v1alpha1.AccessReadOnly && s.Replicas > 0 {
		server = kit.ServiceHost(replicaName(s), s.Namespace, s.ClusterDomain)
	}
	return map[string]string{
		"type": "mysql", "provider": "stackwright",
		"host": server, "port": strconv.Itoa(port), "database": c.Database,
		"username": c.Login, "password": password,
		"uri": uri(s, c, server, password),
	}
}

// uri has the options that MySQL's own clients know. In clear text a client has to ask for the server's key: passwords are
// encrypted with it where nothing else is.
func uri(s *part.Service, c part.Consumer, server, password string) string {
	query := "ssl-mode=DISABLED&get-server-public-key=true"
	if s.TLS != v1alpha1.TLSDisabled {
		// The path is where a component finds the binding; drivers read it unescaped or escaped alike.
		query = "ssl-mode=VERIFY_IDENTITY&ssl-ca=/bindings/" + c.Entry + "/ca.crt"
	}
	address := url.URL{
		Scheme: "mysql", User: url.UserPassword(c.Login, password),
		Host: net.JoinHostPort(server, strconv.Itoa(port)), Path: "/" + c.Database, RawQuery: query,
	}
	return address.String()
}
