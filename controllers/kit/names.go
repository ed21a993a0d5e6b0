// Package kit has the bricks that rooms build objects from: names, labels, pods, probes, Services.
package kit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Child is the name of an object that belongs to an entry of a stack or to a data service.
func Child(parts ...string) string { return strings.Join(parts, "-") }

// Hash is a short hash of the values, stable over runs: 10 lower-case hexadecimal characters. Values are encoded as JSON, so
// that maps are sorted.
func Hash(values ...any) string {
	sum := sha256.New()
	for _, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil { // unreachable for the plain values that rooms have
			encoded = []byte(err.Error())
		}
		sum.Write(encoded)
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))[:10]
}

// Identifier derives a name for an engine (a role, a database) from several names: lower case, digits and underscores,
// starting with a letter, at most limit characters (at least 24). A hash keeps names apart that look alike after the
// replacement.
func Identifier(limit int, names ...string) string {
	plain := strings.NewReplacer("-", "_", ".", "_").Replace(strings.Join(names, "_"))
	if plain == "" || plain[0] < 'a' || plain[0] > 'z' {
		plain = "s" + plain
	}
	suffix := "_" + Hash(names)[:8]
	if len(plain) > limit-len(suffix) {
		plain = plain[:limit-len(suffix)]
	}
	return plain + suffix
}

// ServiceHost is the DNS name of a Service.
func ServiceHost(name, namespace, clusterDomain string) string {
	return name + "." + namespace + ".svc." + clusterDomain
}
