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

// Departed are the logins to take back: both of every consumer that is gone, but for those that somebody has again.
func Departed(s *part.Service) []string {
	kept := []string{""}
	for _, consumer := range s.Consumers {
		kept = append(kept, consumer.Login, Other(consumer.Login))
	}
	var departed []string
	for _, consumer := range s.Departed {
		for _, login := range []string{consumer.Login, Other(consumer.Login)} {
			if !slices.Contains(kept, login) {
				departed = append(departed, login)
			}
		}
	}
	return departed
}
