// Package redis serves the cache engine Redis from one server of its own image.
package redis

import (
	"github.com/stackwright/stackwright/controllers/engines/internal/resp"
	"github.com/stackwright/stackwright/controllers/part"
)

// Builtin returns the provider that needs nothing installed.
func Builtin() part.Provider {
	return resp.Provider(resp.Engine{Name: "Redis", Server: "redis-server", Client: "redis-cli"})
}
