package rabbitmq

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// rule says whether a value suits a parameter, and what it has to be.
type rule struct {
	accepts func(value string) bool
	wanted  string
}

// parameters are the settings that users may make. A name that is not here is refused: the server does not start on a setting
// that it does not know, and everything about users, paths, listeners, clustering and encryption is the operator's.
var parameters = map[string]rule{
	"channel_max":                   integer(1, math.MaxUint16),
	"channel_max_per_node":          orInfinity(integer(1, math.MaxInt32)),
	"classic_queue.default_version": oneOf("2"),
	"collect_statistics_interval":   integer(1000, 3_600_000),
	"connection_max":                orInfinity(integer(1, math.MaxInt32)),
	"consumer_timeout":              integer(60_000, math.MaxInt32),
	"default_queue_type":            oneOf("quorum", "classic"),
	"disk_free_limit.absolute":      bytes,
	"disk_free_limit.relative":      decimal(0.1, 10),
	"frame_max":                     integer(4096, math.MaxInt32),
	"handshake_timeout":             integer(1000, 600_000),
	"heartbeat":                     integer(0, 3600),
	"max_message_size":              integer(1, 536_870_912),
	"quorum_queue.property_equivalence.relaxed_checks_on_redeclaration": oneOf("true", "false"),
	"queue_leader_locator":                                     oneOf("balanced", "client-local"),
	"raft.segment_max_entries":                                 integer(1024, 65_535),
	"raft.wal_max_size_bytes":                                  integer(1<<20, math.MaxInt32),
	"tcp_listen_options.backlog":                               integer(1, 65_535),
	"tcp_listen_options.nodelay":                               oneOf("true", "false"),
	"tcp_listen_options.recbuf":                                integer(1024, math.MaxInt32),
	"tcp_listen_options.sndbuf":                                integer(1024, math.MaxInt32),
	"vm_memory_high_watermark.absolute":                        bytes,
	"vm_memory_high_watermark.relative":                        decimal(0.1, 0.9),
	"quorum_queue.compute_checksums":                           oneOf("true", "false"),
	"deprecated_features.permit.global_qos":                    oneOf("true", "false"),
	"deprecated_features.permit.management_metrics_collection": oneOf("true", "false"),
	"deprecated_features.permit.queue_master_locator":          oneOf("true", "false"),
	"deprecated_features.permit.transient_nonexcl_queues":      oneOf("true", "false"),
}

// alternatives are pairs of which one setting only may be made: it replaces the operator's.
var alternatives = []string{"disk_free_limit", "vm_memory_high_watermark"}

// checkParameters refuses what the server would not start on.
func checkParameters(values map[string]string) error {
	for _, name := range sortedNames(values) {
		known, ok := parameters[name]
		if !ok {
			return part.Invalid(v1alpha1.ReasonInvalid,
				"parameters.%s: not a setting that can be made here; remove it (possible are %s)", name, possible())
		}
		if !known.accepts(values[name]) {
			return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s: %q is not %s", name, values[name], known.wanted)
		}
	}
	for _, name := range alternatives {
		if values[name+".absolute"] != "" && values[name+".relative"] != "" {
			return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s.relative: %s.absolute is set as well; keep one of them", name, name)
		}
	}
	return nil
}

func possible() string { return strings.Join(sortedNames(parameters), ", ") }

func sortedNames[V any](values map[string]V) []string { return slices.Sorted(maps.Keys(values)) }

func integer(low, high int) rule {
	return rule{
		wanted: "a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high),
		accepts: func(value string) bool {
			number, err := strconv.Atoi(value)
			return err == nil && strconv.Itoa(number) == value && number >= low && number <= high
		},
	}
}

func orInfinity(limits rule) rule {
	return rule{
		wanted:  limits.wanted + ", or infinity",
		accepts: func(value string) bool { return value == "infinity" || limits.accepts(value) },
	}
}

func oneOf(values ...string) rule {
	return rule{
		wanted:  strings.Join(values, " or "),
		accepts: func(value string) bool { return slices.Contains(values, value) },
	}
}

var decimalNumber = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,4}$`)

func decimal(low, high float64) rule {
	text := func(number float64) string { return strconv.FormatFloat(number, 'f', 1, 64) }
	return rule{
		wanted: "a decimal number from " + text(low) + " to " + text(high) + ", such as " + text(high),
		accepts: func(value string) bool {
			number, err := strconv.ParseFloat(value, 64)
			return err == nil && decimalNumber.MatchString(value) && number >= low && number <= high
		},
	}
}

var byteAmount = regexp.MustCompile(`^[1-9][0-9]{0,14}(k|K|KB|kB|KiB|M|MB|MiB|G|GB|GiB)?$`)

var bytes = rule{wanted: "an amount of bytes such as 512MiB", accepts: byteAmount.MatchString}
