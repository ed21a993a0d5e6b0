// Package postgresql serves a StackDatabase with the engine PostgreSQL from native objects: one primary that writes, and read
// copies that follow it.
package postgresql

import (
	"embed"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// port of the server.
	port = 5432
	// socketsPath is where the server's socket is.
	socketsPath = "/run/postgresql"
	// superuser is the administrator's role; probeUser and replicationUser are made by scripts/roles.sql.
	superuser, probeUser, replicationUser = "postgres", "stackwright_probe", "stackwright_replication"
)

//go:embed scripts
var scripts embed.FS

// engine is what is true of every service.
var engine = &replicated.Engine{
	Name:         "postgresql",
	Port:         port,
	PoolerPort:   poolerPort,
	Exporter:     v1alpha1.EnginePostgreSQLExporter,
	ExporterPort: exporterPort,
	SocketsPath:  socketsPath,
	Memory:       []corev1.VolumeMount{{Name: "shm", MountPath: "/dev/shm"}},
	// The signal that Kubernetes sends means waiting for every session to end. This one ends them.
	PreStop:     []string{"sh", "-c", "kill -INT 1"},
	Replication: "streaming",
	DumpEnv:     dumpEnv,
	Room:        room,
	Names:       replicated.Names{LoginLimit: identifierLimit, Reserved: isReserved, SharedWithLogins: true},
	Scripts: replicated.Scripts{
		Folder: scripts,
		Server: []string{"postgres.sh", "initdb.sh", "roles.sql", "join.sh", "serve.sh", "probe.sh", "alive.sh"},
		Provision: []string{
			"postgres.sh", "provision.sh", "database.sql", "reassign.sql", "consumer.sql", "departed.sql", "slots.sql", "begin.sql",
			"current.sql", "reader.sql", "pooler.sql",
		},
		Dump: []string{"postgres.sh", "dump.sh", "dump.sql", "databases.sql", "logins.sql", "rows.sql"},
		Restore: []string{
			"postgres.sh", "restore.sh", "restore_hba.conf", "database.sql", "lend.sql", "rows.sql", "extension.sql", "schemas.sql", "trusted.sql",
		},
	},
}

// Builtin returns the provider.
func Builtin() part.Provider {
	provider := engine.Provider()
	provider.Engine = string(v1alpha1.EnginePostgreSQL)
	provider.AdminData = adminData
	provider.Login = login
	provider.Binding = binding
	provider.Upgrade = upgrade
	provider.Backup = engine.Backup
	provider.Build = build
	return provider
}

// adminData is the administrator's Secret: the values, and the role that the first one belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": superuser})
}

// upgrade allows every step within a major version; the format of the data differs between major versions.
func upgrade(from, to string) error {
	if major(from) == major(to) {
		return nil
	}
	return fmt.Errorf("PostgreSQL %s cannot become %s in place; back it up with a StackBackup, create a StackDatabase with "+
		"version %s and that backup in bootstrap.recovery, and let the stack use that one", from, to, to)
}

func build(s *part.Service) (part.Output, error) {
	if err := checkParameters(s); err != nil {
		return part.Output{}, err
	}
	if err := checkExtensions(s); err != nil {
		return part.Output{}, err
	}
	if err := engine.Names.Check(s); err != nil {
		return part.Output{}, err
	}
	return engine.Build(s, parts(s)), nil
}
