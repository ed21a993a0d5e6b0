package mongodb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// configuration is the server's file: the operator's options, those by size, and the user's.
func configuration(s *part.Service) string {
	options := fixed(s)
	maps.Copy(options, tuned(s))
	return "# Set by the operator, by size and by parameters.\n" + render(options)
}

// fixed are the options that nothing changes.
func fixed(s *part.Service) map[string]string {
	result := map[string]string{
		"net.bindIpAll":                "true",
		"net.port":                     strconv.Itoa(port),
		"net.unixDomainSocket.enabled": "false",
		"replication.replSetName":      strconv.Quote(setName),
		"security.authorization":       strconv.Quote("enabled"),
		"security.keyFile":             strconv.Quote(runPath + "/keyfile"),
		"storage.dbPath":               strconv.Quote(dataPath),
	}
	maps.Copy(result, encryption(s))
	return result
}

// encryption are the options of TLS. Members encrypt what they say to each other wherever there is a certificate, and know each other by
// the key; clients show none.
func encryption(s *part.Service) map[string]string {
	mode, known := map[v1alpha1.TLSMode]string{v1alpha1.TLSRequired: "requireTLS", v1alpha1.TLSPreferred: "preferTLS"}[s.TLS]
	if !known {
		return map[string]string{"net.tls.mode": strconv.Quote("disabled")}
	}
	return map[string]string{
		"net.tls.mode":                                strconv.Quote(mode),
		"net.tls.certificateKeyFile":                  strconv.Quote(runPath + "/server.pem"),
		"net.tls.CAFile":                              strconv.Quote(replicated.TLSPath + "/" + corev1.ServiceAccountRootCAKey),
		"net.tls.allowConnectionsWithoutCertificates": "true",
		"net.tls.disabledProtocols":                   strconv.Quote("TLS1_0,TLS1_1"),
	}
}

// render writes options as YAML: the parts of a name are levels. Options of one level stand together, since a dot sorts before whatever
// else a name has.
func render(options map[string]string) string {
	var text strings.Builder
	var open []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		parts := strings.Split(name, ".")
		last := len(parts) - 1
		shared := 0
		for shared < min(last, len(open)) && open[shared] == parts[shared] {
			shared++
		}
		for level := shared; level < last; level++ {
			fmt.Fprintf(&text, "%s%s:\n", strings.Repeat("  ", level), parts[level])
		}
		fmt.Fprintf(&text, "%s%s: %s\n", strings.Repeat("  ", last), parts[last], options[name])
		open = parts[:last]
	}
	return text.String()
}
