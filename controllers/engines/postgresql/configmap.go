package postgresql

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// configuration are the files of the server.
func configuration(s *part.Service) map[string]string {
	return map[string]string{
		"postgresql.conf": serverConfig(s),
		"pg_hba.conf":     accessRules(s.TLS),
		"setup.conf":      setupConfig,
		"setup_hba.conf":  setupRules,
	}
}

// setupConfig is for the server that scripts/initdb.sh starts: little memory, no network.
const setupConfig = `include 'postgresql.conf'
hba_file = '` + replicated.ConfigPath + `/setup_hba.conf'
listen_addresses = ''
ssl = off
shared_buffers = '16MB'
`

// setupRules trust the only container that sees the socket.
const setupRules = `local all postgres trust
`

func serverConfig(s *part.Service) string {
	var text strings.Builder
	text.WriteString("# Set by the operator.\n")
	replicated.WriteSettings(&text, fixed(s), quote)
	text.WriteString("\n# By size, storage and parameters.\n")
	replicated.WriteSettings(&text, tuned(s), quote)
	if len(libraries(s)) > 0 {
		// Written by scripts/preload.sh when the server starts.
		text.WriteString("\n# By extensions.\n")
		replicated.WriteSettings(&text, map[string]string{"include_if_exists": socketsPath + "/preload.conf"}, quote)
	}
	return text.String()
}

// fixed are the settings that nothing changes.
func fixed(s *part.Service) map[string]string {
	result := map[string]string{
		"hba_file":                replicated.ConfigPath + "/pg_hba.conf",
		"listen_addresses":        "*",
		"port":                    fmt.Sprint(port),
		"unix_socket_directories": socketsPath,
		"password_encryption":     "scram-sha-256",
		"hot_standby":             "on",
		"fsync":                   "on",
		"full_page_writes":        "on",
		// A node with huge pages that the container may not use kills the server otherwise.
		"huge_pages":                 "off",
		"dynamic_shared_memory_type": "posix",
		"log_destination":            "stderr",
		"logging_collector":          "off",
		"timezone":                   "UTC",
		"log_timezone":               "UTC",
		"lc_messages":                "C",
		"ssl":                        "off",
	}
	if s.TLS != v1alpha1.TLSDisabled {
		result["ssl"] = "on"
		result["ssl_cert_file"] = replicated.TLSPath + "/" + corev1.TLSCertKey
		result["ssl_key_file"] = replicated.TLSPath + "/" + corev1.TLSPrivateKeyKey
	}
	if major(s.Image.Version) >= 17 {
		result["allow_alter_system"] = "off"
	}
	return result
}

// accessRules say who may connect. Only passwords let anybody in; the NetworkPolicy narrows from where. The server's own roles
// come encrypted wherever there is a certificate, and reach nothing but what they are for.
func accessRules(mode v1alpha1.TLSMode, further ...[]string) string {
	own, consumers := "hostssl", "hostssl"
	switch mode {
	case v1alpha1.TLSPreferred:
		consumers = "host"
	case v1alpha1.TLSDisabled:
		own, consumers = "host", "host"
	}
	rules := [][]string{
		{"local", "all", superuser, "", "scram-sha-256"},
		{"local", "postgres", probeUser, "", "scram-sha-256"},
		{own, "all", superuser, "all", "scram-sha-256"},
		{own, "postgres,replication", replicationUser, "all", "scram-sha-256"},
		{"host", "all", strings.Join([]string{superuser, replicationUser, probeUser}, ","), "all", "reject"},
		{consumers, "all", "all", "all", "scram-sha-256"},
	}
	var text strings.Builder
	for _, rule := range append(further, rules...) {
		text.WriteString(strings.Join(strings.Fields(strings.Join(rule, " ")), " ") + "\n")
	}
	return text.String()
}
