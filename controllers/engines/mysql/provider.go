// Package mysql serves a StackDatabase with the engine MySQL from native objects: one primary that writes, and read copies that
// follow it.
package mysql

import (
	"embed"
	"fmt"
	"slices"
	"strings"

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
	provider.Upgrade = upgrade
	provider.Backup = engine.Backup
	provider.Build = build
	return provider
}

// adminData is the administrator's Secret: the values, and the account that the first one belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": administrator})
}

// served are the releases with long-term support, the only ones that settings are known for, each with what it can become.
var served = map[string][]string{"8.4": {"9.7"}, "9.7": {}}

// series is the release of a version: 8.4 of 8.4.11.
func series(version string) string {
	parts := strings.Split(version, ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// upgrade allows every step within a release, and the one to the next that the server makes by itself.
func upgrade(from, to string) error {
	if series(from) == series(to) || slices.Contains(served[series(from)], series(to)) {
		return nil
	}
	return fmt.Errorf("MySQL %s cannot become %s in place; back it up with a StackBackup, create a StackDatabase with "+
		"version %s and that backup in bootstrap.recovery, and let the stack use that one", from, to, to)
}

// checkVersion refuses what the settings and scripts are not made for.
func checkVersion(s *part.Service) error {
	if served[series(s.Image.Version)] != nil {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid,
		"version: MySQL %s is not served; 8.4 and 9.7 are, the releases with long-term support", s.Image.Version)
}

func build(s *part.Service) (part.Output, error) {
	for _, check := range []func(*part.Service) error{checkVersion, checkSize, checkParameters, engine.Names.Check} {
		if err := check(s); err != nil {
			return part.Output{}, err
		}
	}
	return engine.Build(s, parts(s)), nil
}
