package postgresql

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// oldestExtended is the first major version that tells by itself whether it can load a library (scripts/preload.sh).
const oldestExtended = 15

// preloaded are extensions whose library the server has to load when it starts, in the order in which it has to.
var preloaded = []string{"pg_stat_statements", "pg_stat_kcache", "pg_wait_sampling", "pg_qualstats", "pgaudit"}

// libraries are those that the server of a service loads when it starts.
func libraries(s *part.Service) []string {
	var result []string
	for _, library := range preloaded {
		if slices.Contains(s.Extensions, library) {
			result = append(result, library)
		}
	}
	return result
}

// checkExtensions refuses servers of which nobody could say what they do with a library that they lack.
func checkExtensions(s *part.Service) error {
	if len(s.Extensions) == 0 || major(s.Image.Version) >= oldestExtended {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "extensions: they go with PostgreSQL %d and later, and this is %s; remove %s, or restore a "+
		"backup into a database of a later version", oldestExtended, s.Image.Version, strings.Join(s.Extensions, ", "))
}

// addExtensions has the Job make extensions after databases and logins, and a restore before what users wrote. It does so in scripts of
// its own, and only a library that is loaded at the start changes anything of the server.
func addExtensions(s *part.Service, parts *replicated.Parts) {
	parts.Job.Script = "extensions.sh"
	parts.Job.Scripts = append(parts.Job.Scripts, "extensions.sh", "extension.sql")
	parts.Job.Files = map[string]string{"extensions": strings.Join(s.Extensions, "\n") + "\n"}
	parts.Job.Env = append(parts.Job.Env, corev1.EnvVar{Name: "REPORT", Value: corev1.TerminationMessagePathDefault})
	parts.RestoreEnv = []corev1.EnvVar{{Name: "EXTENSIONS", Value: strings.Join(s.Extensions, " ")}}
	if parts.Libraries = libraries(s); len(parts.Libraries) == 0 {
		return
	}
	parts.Serve = "preload.sh"
	for name, content := range engine.Scripts.Read([]string{parts.Serve}) {
		parts.Files[name] = content
	}
	parts.Env = append(parts.Env, corev1.EnvVar{Name: "LIBRARIES", Value: strings.Join(parts.Libraries, " ")})
}
