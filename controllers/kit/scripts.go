package kit

import (
	"embed"
	"fmt"
)

// Scripts reads files of the folder scripts, by name.
func Scripts(files embed.FS, names []string) map[string]string {
	result := map[string]string{}
	for _, name := range names {
		content, err := files.ReadFile("scripts/" + name)
		if err != nil { // unreachable: the files are embedded, and every golden case reads all of them
			panic(fmt.Sprintf("script %s: %v", name, err))
		}
		result[name] = string(content)
	}
	return result
}
