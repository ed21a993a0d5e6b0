package postgresql

import (
	"embed"
	"fmt"
)

// scripts are fixed: values reach them as environment variables and files.
//
//go:embed scripts
var scripts embed.FS

// Scripts that the pods of the server need, and those that each Job needs.
var (
	serverScripts    = []string{"postgres.sh", "initdb.sh", "roles.sql", "join.sh", "serve.sh", "probe.sh", "alive.sh"}
	provisionScripts = []string{
		"postgres.sh", "provision.sh", "database.sql", "reassign.sql", "consumer.sql", "departed.sql", "slots.sql", "begin.sql",
		"current.sql", "reader.sql",
	}
	dumpScripts    = []string{"postgres.sh", "dump.sh", "dump.sql", "databases.sql", "logins.sql", "rows.sql"}
	restoreScripts = []string{"postgres.sh", "restore.sh", "restore_hba.conf", "database.sql", "lend.sql", "rows.sql"}
)

// files returns the content of scripts by name.
func files(names []string) map[string]string {
	result := map[string]string{}
	for _, name := range names {
		content, err := scripts.ReadFile("scripts/" + name)
		if err != nil { // unreachable: the files are embedded, and every golden case reads all of them
			panic(fmt.Sprintf("script %s: %v", name, err))
		}
		result[name] = string(content)
	}
	return result
}
