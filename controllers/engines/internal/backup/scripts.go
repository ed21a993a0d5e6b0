package backup

import (
	"embed"
	"fmt"
	"maps"
)

// scripts are fixed: values reach them as environment variables and files.
//
//go:embed scripts
var scripts embed.FS

// files returns the engine's scripts with those of this package that go with a verb.
func files(step Step, verb string) map[string]string {
	result := maps.Clone(step.Files)
	for _, name := range []string{"archive.sh", "vault.sh", verb} {
		content, err := scripts.ReadFile("scripts/" + name)
		if err != nil { // unreachable: the files are embedded, and every golden case reads all of them
			panic(fmt.Sprintf("script %s: %v", name, err))
		}
		result[name] = string(content)
	}
	return result
}
