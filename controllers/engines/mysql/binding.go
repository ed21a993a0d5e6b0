package mysql

import (
	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// binding returns the keys of a consumer's binding Secret. Its address has the options that MySQL's own clients know. In clear text a
// client has to ask for the server's key: passwords are encrypted with it where nothing else is.
func binding(s *part.Service, c part.Consumer, password string) map[string]string {
	query := "ssl-mode=DISABLED&get-server-public-key=true"
	if s.TLS != v1alpha1.TLSDisabled {
		query = "ssl-mode=VERIFY_IDENTITY&ssl-ca=" + replicated.BoundAuthority(c)
	}
	return engine.Binding(s, c, password, query)
}
