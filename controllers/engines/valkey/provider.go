// Package valkey serves the cache engine Valkey from one server of its own image.
package valkey

import (
	"github.com/stackwright/stackwright/controllers/engines/internal/resp"
	"github.com/stackwright/stackwright/controllers/part"
)

// Builtin returns the provider that needs nothing installed.
func Builtin() part.Provider {
	return resp.Provider(resp.Engine{Name: "Valkey", Server: "valkey-server", Client: "valkey-cli"})
}
