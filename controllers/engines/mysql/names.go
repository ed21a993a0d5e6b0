package mysql

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// loginLimit is the longest name of an account.
	loginLimit = 32
	// databaseLimit is that of the names that grants share; the server takes 64 characters.
	databaseLimit = 48
)

// reserved are databases that the server has, or that are ours.
var reserved = []string{"mysql", "sys", "information_schema", "performance_schema", "ndbinfo", "stackwright"}

// login names a consumer's login and database. An entry has a login of its own, because it has a password of its own. Two
// logins alternate, so that both work while consumers go from one password to the next.
func login(s *part.Service, c *part.Consumer) {
	if c.Private {
		c.Database = privateDatabase(s, c)
	}
	c.Database = notReserved(c.Database)
	base := kit.Identifier(loginLimit-len("_a"), c.Namespace, c.Stack, c.Entry)
	c.Login = base + "_" + string("ba"[c.Credential.Version%2])
}

// privateDatabase is the stack's name for the stack that the service was made for, so that people find it; others get a name
// that no other stack can have.
func privateDatabase(s *part.Service, c *part.Consumer) string {
	plain := strings.NewReplacer("-", "_", ".", "_").Replace(c.Stack)
	if s.Stack == c.Stack && s.Namespace == c.Namespace && len(plain) <= databaseLimit-len("db_") {
		return plain
	}
	return kit.Identifier(databaseLimit-len("db_"), c.Namespace, c.Stack)
}

// notReserved keeps away from databases that are there already, and from a digit in front.
func notReserved(name string) string {
	if slices.Contains(reserved, name) || name != "" && (name[0] < 'a' || name[0] > 'z') {
		return "db_" + name
	}
	return name
}

var (
	loginPattern    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}_[ab]$`)
	databasePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,50}$`)
)

// checkNames refuses names that this engine did not make: they come from the anchor, which others can write.
func checkNames(s *part.Service) error {
	for _, c := range slices.Concat(s.Consumers, s.Departed) {
		if !loginPattern.MatchString(c.Login) {
			return part.Invalid(v1alpha1.ReasonAnchorInvalid,
				"the anchor names %q as the login of stack %s/%s, which is not a login; restore the anchor", c.Login, c.Namespace, c.Stack)
		}
	}
	for _, c := range s.Consumers {
		if !databasePattern.MatchString(c.Database) || c.Database != notReserved(c.Database) {
			return part.Invalid(v1alpha1.ReasonAnchorInvalid,
				"the anchor names %q as the database of stack %s/%s, which is not one; restore the anchor", c.Database, c.Namespace, c.Stack)
		}
	}
	return nil
}
