package postgresql

import (
	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// binding returns the keys of a consumer's binding Secret.
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	query := "sslmode=disable"
	if s.TLS != v1alpha1.TLSDisabled {
		query = "sslmode=verify-full&sslrootcert=" + replicated.BoundAuthority(c)
	}
	return engine.Binding(s, c, password, query)
}
