// Package mysql serves a StackDatabase with the engine MySQL from native objects: one primary that writes, and read copies that
// follow it.
package mysql

import (
	"embed"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// port of the server.
	port = 3306
	// socketsPath is where the server's socket is.
	socketsPath = "/run/mysqld"
	// administrator is the account that the Job works as; scripts/accounts.sql makes it. The account root exists inside the pod
	// only, with the same password.
	administrator = "stackwright_admin"
)

//go:embed scripts
var scripts embed.FS

// engine is what is true of every service.
var engine = &replicated.Engine{
	Name:         "mysql",
	Port:         port,
	Exporter:     v1alpha1.EngineMySQLExporter,
	ExporterPort: exporterPort,
	SocketsPath:  socketsPath,
	LoginInTmp:   true,
	Replication:  "asynchronous",
	Room:         room,
	DumpEnv:      dumpEnv,
	Names:        replicated.Names{LoginLimit: loginLimit, Reserved: isReserved},
	Scripts: replicated.Scripts{
		Folder: scripts,
		Server: []string{
			"mysql.sh", "initdb.sh", "root.sql", "accounts.sql", "join.sh", "follow.sql", "clone.sql", "judge.sql", "serve.sh",
			"probe.sh", "alive.sh",
		},
		Provision: []string{"mysql.sh", "provision.sh", "begin.sql", "current.sql", "database.sql", "consumer.sql", "departed.sql"},
		Dump:      []string{"mysql.sh", "dump.sh", "databases.sql", "lock.sql", "rows.sql", "unusable.sql"},
		Restore:   []string{"mysql.sh", "restore.sh", "lend.sql", "settle.sql", "rows.sql"},
	},
}

// Builtin returns the provider.
func Builtin() part.Provider {
	provider := engine.Provider()
	provider.Engine = string(v1alpha1.EngineMySQL)
	provider.AdminData = adminData
	provider.Login = engine.Names.Login
	provider.Binding = binding
	provider.Upgrade = releases.Upgrade
	provider.Backup = engine.Backup
	provider.Build = build
	return provider
}

// adminData is the administrator's Secret: the values, and the account that the first one belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": administrator})
}

// releases are those that settings are known for.
var releases = replicated.Releases{
	Engine: "MySQL",
	Served: map[string][]string{"8.4": {"9.7"}, "9.7": nil},
	Sort:   "the releases with long-term support",
	Move: "back it up with a StackBackup, create a StackDatabase with version %s and " +
		"that backup in bootstrap.recovery, and let the stack use that one",
}

func build(s *part.Service) (part.Output, error) {
	for _, check := range []func(*part.Service) error{releases.Check, checkSize, checkParameters, engine.Names.Check} {
		if err := check(s); err != nil {
			return part.Output{}, err
		}
	}
	return engine.Build(s, parts(s)), nil
}
