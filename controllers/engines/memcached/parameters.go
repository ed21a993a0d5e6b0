package memcached

import (
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	connLimit   = "conn-limit"
	maxItemSize = "max-item-size"

	// leastMemory is the smallest item memory, in MiB, with which the engine's defaults make sense.
	leastMemory = 24
	// leastConnections is the engine's default. Its other files count as connections too: with fewer, it may not start.
	leastConnections = 1024
	// itemStep is the size in bytes of the pieces that large items are stored in. The engine starts with whole ones only.
	itemStep = 512 << 10
	// largestItem is the engine's own bound of the size of an item, in bytes.
	largestItem = 1 << 30
)

// settings are what a user may choose, under the names of the engine's long options.
var settings = kit.Settings{
	connLimit:            kit.Whole(leastConnections, 65_536),
	"listen-backlog":     kit.Whole(1, 65_535),
	maxItemSize:          kit.Matching("a size such as 2m", `[1-9][0-9]{0,5}[km]|[1-9][0-9]{0,9}`),
	"max-reqs-per-event": kit.Whole(1, 1_000_000),
	"slab-growth-factor": kit.Matching("a factor such as 1.25, above 1 and below 10", `1\.[0-9]*[1-9][0-9]*|[2-9](\.[0-9]+)?`),
	"slab-min-size":      kit.Whole(1, 1024),
	"threads":            kit.Whole(1, 64),
}

// flags are the short options of the settings, which every version and build of the engine has.
var flags = map[string]string{
	connLimit: "-c", "listen-backlog": "-b", maxItemSize: "-I", "max-reqs-per-event": "-R", "slab-growth-factor": "-f",
	"slab-min-size": "-n", "threads": "-t",
}

func checkParameters(s *part.Service) error {
	owned := map[string]string{
		"memory-limit": "it follows the memory limit: change size or resources",
		"port":         "it is always 11211",
	}
	if err := settings.Check(s.Parameters, owned); err != nil {
		return err
	}
	return checkItemSize(s)
}

func checkItemSize(s *part.Service) error {
	size := itemSize(s.Parameters[maxItemSize])
	if size%itemStep != 0 {
		return part.Invalid(v1alpha1.ReasonInvalid,
			"parameters.%s: has to be a multiple of 512k, such as 512k, 1m or 1536k", maxItemSize)
	}
	if half := itemMemory(s) << 20 / 2; size > min(half, largestItem) {
		return part.Invalid(v1alpha1.ReasonInvalid,
			"parameters.%s: an item may have at most half of the item memory of %dm, and 1024m; lower it or choose a larger size",
			maxItemSize, itemMemory(s))
	}
	return nil
}

// itemSize reads a size with an optional k or m; empty is 0.
func itemSize(text string) int64 {
	shift := 0
	switch {
	case strings.HasSuffix(text, "k"):
		shift = 10
	case strings.HasSuffix(text, "m"):
		shift = 20
	}
	number, err := strconv.ParseInt(strings.TrimRight(text, "km"), 10, 64)
	if err != nil { // absent: the pattern of the setting lets nothing else in
		return 0
	}
	return number << shift
}

// itemMemory is the memory for items in MiB: three quarters of the limit. The rest is for the hash table and connections.
func itemMemory(s *part.Service) int64 { return s.Resources.Limits.Memory().Value() / 4 * 3 >> 20 }
