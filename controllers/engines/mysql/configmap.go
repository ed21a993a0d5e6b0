package mysql

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// configuration are the files of the server.
func configuration(s *part.Service) map[string]string {
	return map[string]string{"my.cnf": serverConfig(s), "setup.cnf": setupConfig}
}

// setupConfig is for the servers that the scripts start to prepare data: without a network.
const setupConfig = `!include ` + replicated.ConfigPath + `/my.cnf
[mysqld]
skip_networking = ON
performance_schema = OFF
pid_file = ` + socketsPath + `/setup.pid
`

func serverConfig(s *part.Service) string {
	var text strings.Builder
	text.WriteString("[mysqld]\n# Set by the operator.\n")
	replicated.WriteSettings(&text, fixed(s), quote)
	text.WriteString("\n# By size, storage and parameters.\n")
	replicated.WriteSettings(&text, tuned(s), quote)
	return text.String()
}

// fixed are the settings that nothing changes.
func fixed(s *part.Service) map[string]string {
	result := map[string]string{
		"bind_address": "*",
		"port":         fmt.Sprint(port),
		"socket":       socketsPath + "/mysqld.sock",
		"pid_file":     socketsPath + "/mysqld.pid",
		"tmpdir":       replicated.DataPath + "/.tmp",
		"mysqlx":       "OFF",
		// What somebody sets in a session does not outlive the server: spec.parameters says what it runs with.
		"persisted_globals_load": "OFF",
		// A log of statements would show what is in them, and fill the volume.
		"general_log":    "OFF",
		"slow_query_log": "OFF",
		// What was committed survives a crash.
		"innodb_doublewrite":             "ON",
		"innodb_flush_log_at_trx_commit": "1",
		"sync_binlog":                    "1",
		"gtid_mode":                      "ON",
		"enforce_gtid_consistency":       "ON",
		"log_bin":                        "binlog",
		"log_replica_updates":            "ON",
		"relay_log":                      "relay",
		"relay_log_recovery":             "ON",
		// An owner may make functions and triggers; rows are replicated, so that they are the same everywhere.
		"log_bin_trust_function_creators": "ON",
		// Without it the name of a database is a pattern where rights are granted: shop_a would be shopxa too.
		"partial_revokes": "ON",
		// Rights on routines are those on their database.
		"automatic_sp_privileges": "OFF",
		// Tables of other engines are not safe in a crash, and a read copy would be made without them.
		"disabled_storage_engines": "MyISAM,MERGE,ARCHIVE,BLACKHOLE,FEDERATED",
		"local_infile":             "OFF",
		"secure_file_priv":         "NULL",
		"skip_name_resolve":        "ON",
		"host_cache_size":          "0",
		"default_time_zone":        "+00:00",
		"plugin_load_add":          "mysql_clone.so",
		// The accounts of the server itself log in with passwords that a client without TLS asks to be encrypted.
		"caching_sha2_password_auto_generate_rsa_keys": "ON",
		"auto_generate_certs":                          "OFF",
		"sha256_password_auto_generate_rsa_keys":       "OFF",
	}
	maps.Copy(result, encryption(s))
	return result
}

// encryption are the settings of TLS. The socket of the pod counts as encrypted.
func encryption(s *part.Service) map[string]string {
	if s.TLS == v1alpha1.TLSDisabled {
		return map[string]string{"tls_version": "", "require_secure_transport": "OFF"}
	}
	required := "ON"
	if s.TLS == v1alpha1.TLSPreferred {
		required = "OFF"
	}
	return map[string]string{
		"require_secure_transport": required,
		"ssl_ca":                   replicated.TLSPath + "/" + corev1.ServiceAccountRootCAKey,
		"ssl_cert":                 replicated.TLSPath + "/" + corev1.TLSCertKey,
		"ssl_key":                  replicated.TLSPath + "/" + corev1.TLSPrivateKeyKey,
	}
}
