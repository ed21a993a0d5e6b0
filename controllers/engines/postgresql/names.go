package postgresql

import (
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// identifierLimit is the longest name of a role or database.
const identifierLimit = 63

// Suffixes of the groups of a database; scripts/provision.sh makes the same names.
var groupSuffixes = map[v1alpha1.AccessMode]string{
	v1alpha1.AccessOwner: "_owner", v1alpha1.AccessReadWrite: "_readwrite", v1alpha1.AccessReadOnly: "_readonly",
}

// login names a consumer's login and database, and the group that owns what is in it.
func login(s *part.Service, c *part.Consumer) {
	engine.Names.Login(s, c)
	c.Group = c.Database + groupSuffixes[v1alpha1.AccessOwner]
}

// isReserved says which names the server keeps for itself or has already.
func isReserved(name string) bool {
	return strings.HasPrefix(name, "pg_") || slices.Contains([]string{"postgres", "template0", "template1"}, name)
}
