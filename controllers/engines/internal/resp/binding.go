package resp

import (
	"net/url"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/part"
)

// bindingRoot is where a component finds the files of its bindings.
const bindingRoot = "/bindings"

// binding returns the facts for a consumer. The type is redis for both engines: it names the protocol, and that is what
// libraries look for. Beside the keys of servicebinding.io there are
//   - tls-uri and tls-port where the server speaks TLS,
//   - sentinel-hosts and sentinel-name with copies, for clients that ask the sentinels themselves,
//   - celery-broker-url and celery-result-backend, which name the authority's file as Celery wants it; for any other client,
//     uri has no parameters (go-redis refuses those it does not know).
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	server := host(s)
	if c.Access == v1alpha1.AccessReadOnly && s.Replicas > 0 {
		server = serviceHost(s, replicaName(s))
	}
	uri := address("redis", server, c, password, mainPort)
	celery := uri
	if s.TLS == v1alpha1.TLSRequired {
		uri = address("rediss", server, c, password, mainPort)
		celery = uri + "?ssl_cert_reqs=required&ssl_ca_certs=" + bindingRoot + "/" + c.Entry + "/ca.crt"
	}
	facts := map[string]string{
		"type": "redis", "provider": "stackwright",
		"host": server, "port": strconv.Itoa(mainPort), "database": c.Database,
		"username": c.Login, "password": password, "uri": uri,
		"celery-broker-url": celery, "celery-result-backend": celery,
	}
	if port := tlsPort(s); port != 0 {
		facts["tls-port"] = strconv.Itoa(port)
		facts["tls-uri"] = address("rediss", server, c, password, port)
	}
	if s.Replicas > 0 {
		facts["sentinel-hosts"], facts["sentinel-name"] = sentinelHosts(s), groupName(s)
	}
	exporter.Bind(s, facts, exporter.Primary(s, 1), exporterPort)
	return facts
}

func address(scheme, server string, c part.Consumer, password string, port int) string {
	result := url.URL{
		Scheme: scheme, User: url.UserPassword(c.Login, password),
		Host: server + ":" + strconv.Itoa(port), Path: "/" + c.Database,
	}
	return result.String()
}
