package mysql

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

const exporterPort = 9104

// exported is mysqld_exporter, which watches the server of a name as the account that scripts/metrics.sql makes. The authority cannot
// be given but in a file.
func exported(s *part.Service, server string) exporter.Exporter {
	result := exporter.Exporter{
		Port: exporterPort,
		Args: []string{
			fmt.Sprintf("--web.listen-address=:%d", exporterPort),
			fmt.Sprintf("--mysqld.address=%s:%d", server, port),
			"--mysqld.username=" + replicated.MetricsLogin,
			// How a copy follows is read from a table; the other collectors want more rights than the account has.
			"--collect.perf_schema.replication_applier_status_by_worker",
			"--no-collect.slave_status", "--no-collect.info_schema.innodb_cmp", "--no-collect.info_schema.innodb_cmpmem",
		},
		Env: []corev1.EnvVar{replicated.MetricsPassword(s, "MYSQLD_EXPORTER_PASSWORD")},
	}
	if s.Certificate != nil {
		result.Files = map[string]string{"my.cnf": "[client]\nssl-ca = " + exporter.Authority + "\n"}
		result.Args = append(result.Args, "--config.my-cnf="+exporter.ConfigPath+"/my.cnf")
	}
	return result
}
