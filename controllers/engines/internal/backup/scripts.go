package backup

import (
	"embed"
	"maps"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// scripts are fixed: values reach them as environment variables and files.
//
//go:embed scripts
var scripts embed.FS

// authorities is the file, beside the scripts, with the certificates that the server's is checked with.
const authorities = "authorities.crt"

// files returns the engine's scripts with those of this package that go with a verb, and what they read.
func files(s *part.Service, step Step, verb string) map[string]string {
	names := []string{"archive.sh", "vault.sh", verb}
	result := maps.Clone(step.Files)
	if b := s.Vault.Bucket; b != nil && b.Authorities != "" {
		result[authorities] = b.Authorities
	}
	if s.Vault.Bucket != nil && verb == "store.sh" {
		names = append(names, "reach.sh")
	}
	maps.Copy(result, kit.Scripts(scripts, names))
	return result
}
