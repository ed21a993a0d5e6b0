package replicated

import (
	"embed"
	"fmt"
)

// Scripts are an engine's scripts. They are fixed: values reach them as environment variables and files.
type Scripts struct {
	// Folder has the folder scripts.
	Folder embed.FS
	// Server names those that the pods of the server need, the others those of each Job.
	Server, Provision, Dump, Restore []string
}

// Read returns the content of scripts by name.
func (s *Scripts) Read(names []string) map[string]string {
	result := map[string]string{}
	for _, name := range names {
		content, err := s.Folder.ReadFile("scripts/" + name)
		if err != nil { // unreachable: the files are embedded, and every golden case reads all of them
			panic(fmt.Sprintf("script %s: %v", name, err))
		}
		result[name] = string(content)
	}
	return result
}
