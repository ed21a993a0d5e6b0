// Package logins knows that a consumer has two logins, which end in _a and _b and alternate between the versions of its
// credential, so that both work while pods go from one to the other.
package logins

import (
	"slices"
	"strings"

	"github.com/stackwright/stackwright/controllers/part"
)

// Other is the login of the version before or after; empty for a name that is none of two.
func Other(login string) string {
	if base, found := strings.CutSuffix(login, "_a"); found {
		return base + "_b"
	}
	if base, found := strings.CutSuffix(login, "_b"); found {
		return base + "_a"
	}
	return ""
}

// Departed are the logins to take back: both of every consumer that is gone, but for those that somebody has again, and of the
// others the one that was replaced and is not used any more.
func Departed(s *part.Service) []string {
	kept := []string{""}
	var gone, departed []string
	for _, consumer := range s.Consumers {
		kept = append(kept, consumer.Login)
		if consumer.Retired {
			gone = append(gone, Other(consumer.Login))
		} else {
			kept = append(kept, Other(consumer.Login))
		}
	}
	for _, consumer := range s.Departed {
		gone = append(gone, consumer.Login, Other(consumer.Login))
	}
	for _, login := range gone {
		if !slices.Contains(kept, login) && !slices.Contains(departed, login) {
			departed = append(departed, login)
		}
	}
	return departed
}
