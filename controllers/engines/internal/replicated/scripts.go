package replicated

import (
	"embed"

	"github.com/stackwright/stackwright/controllers/kit"
)

// Scripts are an engine's scripts. They are fixed: values reach them as environment variables and files.
type Scripts struct {
	// Folder has the folder scripts.
	Folder embed.FS
	// Server names those that the pods of the server need, the others those of each Job.
	Server, Provision, Dump, Restore []string
}

// Read returns the content of scripts by name.
func (s *Scripts) Read(names []string) map[string]string { return kit.Scripts(s.Folder, names) }
