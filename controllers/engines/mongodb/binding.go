package mongodb

import (
	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// binding returns the keys of a consumer's binding Secret. Logins stand in the database admin. None of the facts depends on the number of
// members: who only reads asks for a secondary, and gets the primary where there is none.
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	query := "authSource=admin&replicaSet=" + setName
	if c.Access == v1alpha1.AccessReadOnly {
		query += "&readPreference=secondaryPreferred"
	}
	if s.TLS != v1alpha1.TLSDisabled {
		query += "&tls=true&tlsCAFile=" + replicated.BoundAuthority(c)
	}
	facts, _ := engine.Facts(replicated.Host(s), c, password, query)
	facts["auth-source"], facts["replica-set"] = "admin", setName
	return facts
}
