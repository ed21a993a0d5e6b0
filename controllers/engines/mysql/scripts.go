package mysql

import (
	"embed"
	"fmt"
)

// scripts are fixed: values reach them as environment variables and files.
//
//go:embed scripts
var scripts embed.FS

// Scripts that the pods of the server need, and those that the Job needs.
var (
	serverScripts = []string{
		"mysql.sh", "initdb.sh", "root.sql", "accounts.sql", "join.sh", "follow.sql", "clone.sql", "judge.sql", "serve.sh",
		"probe.sh", "alive.sh",
	}
	provisionScripts = []string{
		"mysql.sh", "provision.sh", "begin.sql", "current.sql", "database.sql", "consumer.sql", "departed.sql",
	}
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
