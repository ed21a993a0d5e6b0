package rabbitmq

import (
	"net/url"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/part"
)

// binding returns the facts for a consumer. Beside the keys of servicebinding.io there are virtual-host, celery-broker-url,
// and tls-uri and tls-port where the broker speaks TLS. uri and celery-broker-url are the same address: Celery has no way to
// name an authority in it (see the package's comment).
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	at := endpoint(s)
	scheme := "amqp"
	if s.TLS == v1alpha1.TLSRequired {
		scheme = "amqps"
	}
	uri := address(scheme, at.Host, at.Port, c, password)
	facts := map[string]string{
		"type": "rabbitmq", "provider": "stackwright",
		"host": at.Host, "port": strconv.Itoa(int(at.Port)), "virtual-host": c.Database,
		"username": c.Login, "password": password, "uri": uri, "celery-broker-url": uri,
	}
	if s.TLS != v1alpha1.TLSDisabled {
		facts["tls-port"] = strconv.Itoa(encryptedPort)
		facts["tls-uri"] = address("amqps", at.Host, encryptedPort, c, password)
	}
	exporter.Bind(s, facts, exporter.Primary(s, s.Nodes), prometheusPort)
	return facts
}

// address writes a virtual host that has a slash as one segment.
func address(scheme, host string, port int32, c part.Consumer, password string) string {
	result := url.URL{
		Scheme: scheme, User: url.UserPassword(c.Login, password), Host: host + ":" + strconv.Itoa(int(port)),
		Path: "/" + c.Database, RawPath: "/" + url.PathEscape(c.Database),
	}
	return result.String()
}
