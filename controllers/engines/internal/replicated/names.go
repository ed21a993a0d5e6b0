package replicated

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// databaseLimit leaves room for what engines put before and after the name of a database.
	databaseLimit = 48
	// reservedPrefix is put before a name that the engine has itself.
	reservedPrefix = "db_"
)

// Names are the rules of an engine for names.
type Names struct {
	// LoginLimit is the longest name of a login.
	LoginLimit int
	// Reserved says which names are there already, or are the server's.
	Reserved func(string) bool
	// SharedWithLogins says that logins must keep away from the same names as databases.
	SharedWithLogins bool
}

// Login names a consumer's login and database. An entry has a login of its own, because it has a password of its own. Two
// logins alternate, so that both work while consumers go from one password to the next.
func (n *Names) Login(s *part.Service, c *part.Consumer) {
	if c.Private {
		c.Database = privateDatabase(s, c)
	}
	c.Database = n.notReserved(c.Database)
	limit := n.LoginLimit - len("_a")
	if n.SharedWithLogins {
		limit -= len(reservedPrefix)
	}
	base := kit.Identifier(limit, c.Namespace, c.Stack, c.Entry)
	if n.SharedWithLogins {
		base = n.notReserved(base)
	}
	c.Login = base + "_" + string("ba"[c.Credential.Version%2])
}

// privateDatabase is the stack's name for the stack that the service was made for, so that people find it; others get a name
// that no other stack can have.
func privateDatabase(s *part.Service, c *part.Consumer) string {
	plain := strings.NewReplacer("-", "_", ".", "_").Replace(c.Stack)
	if s.Stack == c.Stack && s.Namespace == c.Namespace && len(plain) <= databaseLimit-len(reservedPrefix) {
		return plain
	}
	return kit.Identifier(databaseLimit-len(reservedPrefix), c.Namespace, c.Stack)
}

// notReserved keeps away from names that the server has, and from a digit in front.
func (n *Names) notReserved(name string) string {
	if n.Reserved(name) || name != "" && (name[0] < 'a' || name[0] > 'z') {
		return reservedPrefix + name
	}
	return name
}

var (
	loginPattern    = regexp.MustCompile(`^[a-z][a-z0-9_]*_[ab]$`)
	databasePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,50}$`)
)

// Check refuses names that the engine did not make: they come from the anchor, which others can write.
func (n *Names) Check(s *part.Service) error {
	for _, c := range slices.Concat(s.Consumers, s.Departed) {
		if !n.isLogin(c.Login) {
			return part.Invalid(v1alpha1.ReasonAnchorInvalid,
				"the anchor names %q as the login of stack %s/%s, which is not a login; restore the anchor", c.Login, c.Namespace, c.Stack)
		}
	}
	for _, c := range s.Consumers {
		if !databasePattern.MatchString(c.Database) || c.Database != n.notReserved(c.Database) {
			return part.Invalid(v1alpha1.ReasonAnchorInvalid,
				"the anchor names %q as the database of stack %s/%s, which is not one; restore the anchor", c.Database, c.Namespace, c.Stack)
		}
	}
	return nil
}

func (n *Names) isLogin(name string) bool {
	return loginPattern.MatchString(name) && len(name) <= n.LoginLimit && (!n.SharedWithLogins || name == n.notReserved(name))
}
