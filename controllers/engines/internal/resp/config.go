package resp

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	configDir  = "/config"
	configFile = "server.conf"
	usersDir   = "/users"
	usersFile  = "users.acl"
	tlsDir     = "/tls"
	dataDir    = "/data"
)

// directive is one line of the server's configuration.
type directive struct {
	name   string
	values []string
}

// configuration is the server's configuration file: what the operator decides, then the user's parameters.
func configuration(s *part.Service) string {
	lines := append(network(s), memory(s)...)
	lines = append(lines, persistence(s)...)
	for _, name := range slices.Sorted(maps.Keys(s.Parameters)) {
		lines = append(lines, directive{name, []string{s.Parameters[name]}})
	}
	return render(lines)
}

// network leaves clients connected for as long as they like (timeout 0) and finds dead ones by keep-alives.
func network(s *part.Service) []directive {
	lines := []directive{
		{"bind", []string{"*", "-::*"}}, // the dash: a node without IPv6 is no error
		{"protected-mode", []string{"yes"}},
		{"port", []string{strconv.Itoa(plainPort(s))}},
		{"aclfile", []string{usersDir + "/" + usersFile}},
	}
	if port := tlsPort(s); port != 0 {
		lines = append(lines,
			directive{"tls-port", []string{strconv.Itoa(port)}},
			directive{"tls-cert-file", []string{tlsDir + "/tls.crt"}},
			directive{"tls-key-file", []string{tlsDir + "/tls.key"}},
			directive{"tls-auth-clients", []string{"no"}},
			directive{"tls-protocols", []string{"TLSv1.2 TLSv1.3"}},
		)
	}
	return append(lines, defaults(s,
		directive{"tcp-keepalive", []string{"60"}},
		directive{"timeout", []string{"0"}},
	)...)
}

// memory bounds the content below the container's limit, and frees memory outside the thread that answers.
func memory(s *part.Service) []directive {
	lines := []directive{
		{"maxmemory", []string{strconv.FormatInt(maxMemory(s), 10)}},
		{"maxmemory-policy", []string{policies[s.Eviction]}},
	}
	return append(lines, defaults(s,
		directive{"lazyfree-lazy-eviction", []string{"yes"}},
		directive{"lazyfree-lazy-expire", []string{"yes"}},
		directive{"lazyfree-lazy-server-del", []string{"yes"}},
		directive{"lazyfree-lazy-user-del", []string{"yes"}},
		directive{"lazyfree-lazy-user-flush", []string{"yes"}},
	)...)
}

// persistence writes nothing at all, or the append-only file; snapshots are never on.
func persistence(s *part.Service) []directive {
	lines := []directive{{"dir", []string{dataDir}}, {"save", []string{""}}}
	if !s.Durable {
		return append(lines, directive{"appendonly", []string{"no"}})
	}
	lines = append(lines, directive{"appendonly", []string{"yes"}})
	return append(lines, defaults(s, directive{"appendfsync", []string{"everysec"}})...)
}

// defaults are the directives that no parameter replaces.
func defaults(s *part.Service, lines ...directive) []directive {
	return slices.DeleteFunc(lines, func(line directive) bool {
		_, replaced := s.Parameters[line.name]
		return replaced
	})
}

// policies are the engine's names of the eviction policies.
var policies = map[v1alpha1.EvictionPolicy]string{
	v1alpha1.EvictNothing:        "noeviction",
	v1alpha1.EvictAllKeysLRU:     "allkeys-lru",
	v1alpha1.EvictAllKeysLFU:     "allkeys-lfu",
	v1alpha1.EvictAllKeysRandom:  "allkeys-random",
	v1alpha1.EvictVolatileLRU:    "volatile-lru",
	v1alpha1.EvictVolatileLFU:    "volatile-lfu",
	v1alpha1.EvictVolatileRandom: "volatile-random",
	v1alpha1.EvictVolatileTTL:    "volatile-ttl",
}

// memoryLimit is what the container may take; 0 when nothing is known.
func memoryLimit(s *part.Service) int64 { return s.Resources.Limits.Memory().Value() }

// maxMemory is the share of the limit that the content may take. The rest is for connections, fragmentation and, with a file
// to rewrite, for the pages that change while the child process writes.
func maxMemory(s *part.Service) int64 {
	if s.Durable {
		return memoryLimit(s) * 60 / 100
	}
	return memoryLimit(s) / 4 * 3
}

func render(lines []directive) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.name)
		for _, value := range line.values {
			text.WriteString(" " + quote(value))
		}
		text.WriteString("\n")
	}
	return text.String()
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:*@%+-]+$`)

// quote writes a value as the engine's parser reads it: in double quotes, with everything but plain ASCII escaped by bytes.
func quote(value string) string {
	if plain.MatchString(value) {
		return value
	}
	var text strings.Builder
	text.WriteByte('"')
	for _, b := range []byte(value) {
		switch {
		case b == '"' || b == '\\':
			text.WriteByte('\\')
			text.WriteByte(b)
		case b < ' ' || b > '~':
			text.WriteString(`\x` + string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]))
		default:
			text.WriteByte(b)
		}
	}
	text.WriteByte('"')
	return text.String()
}
