package rabbitmq

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// parameters are the settings that users may make. A name that is not here is refused: the server does not start on a setting
// that it does not know, and everything about users, paths, listeners, clustering and encryption is the operator's.
var parameters = kit.Settings{
	"channel_max":                   kit.Whole(1, math.MaxUint16),
	"channel_max_per_node":          orInfinity(kit.Whole(1, math.MaxInt32)),
	"classic_queue.default_version": kit.OneOf("2"),
	"collect_statistics_interval":   kit.Whole(1000, 3_600_000),
	"connection_max":                orInfinity(kit.Whole(1, math.MaxInt32)),
	"consumer_timeout":              kit.Whole(60_000, math.MaxInt32),
	"default_queue_type":            kit.OneOf("quorum", "classic"),
	"disk_free_limit.absolute":      bytes,
	"disk_free_limit.relative":      decimal(0.1, 10),
	"frame_max":                     kit.Whole(4096, math.MaxInt32),
	"handshake_timeout":             kit.Whole(1000, 600_000),
	"heartbeat":                     kit.Whole(0, 3600),
	"max_message_size":              kit.Whole(1, 536_870_912),
	"quorum_queue.property_equivalence.relaxed_checks_on_redeclaration": kit.OneOf("true", "false"),
	"queue_leader_locator":                                     kit.OneOf("balanced", "client-local"),
	"raft.segment_max_entries":                                 kit.Whole(1024, 65_535),
	"raft.wal_max_size_bytes":                                  kit.Whole(1<<20, math.MaxInt32),
	"tcp_listen_options.backlog":                               kit.Whole(1, 65_535),
	"tcp_listen_options.nodelay":                               kit.OneOf("true", "false"),
	"tcp_listen_options.recbuf":                                kit.Whole(1024, math.MaxInt32),
	"tcp_listen_options.sndbuf":                                kit.Whole(1024, math.MaxInt32),
	"vm_memory_high_watermark.absolute":                        bytes,
	"vm_memory_high_watermark.relative":                        decimal(0.1, 0.9),
	"quorum_queue.compute_checksums":                           kit.OneOf("true", "false"),
	"deprecated_features.permit.global_qos":                    kit.OneOf("true", "false"),
	"deprecated_features.permit.management_metrics_collection": kit.OneOf("true", "false"),
	"deprecated_features.permit.queue_master_locator":          kit.OneOf("true", "false"),
	"deprecated_features.permit.transient_nonexcl_queues":      kit.OneOf("true", "false"),
}

// alternatives are pairs of which one setting only may be made: it replaces the operator's.
var alternatives = []string{"disk_free_limit", "vm_memory_high_watermark"}

// checkParameters refuses what the server would not start on.
func checkParameters(values map[string]string) error {
	if err := parameters.Check(values, nil); err != nil {
		return err
	}
	for _, name := range alternatives {
		if values[name+".absolute"] != "" && values[name+".relative"] != "" {
			return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s.relative: %s.absolute is set as well; keep one of them", name, name)
		}
	}
	return nil
}

func sortedNames[V any](values map[string]V) []string { return slices.Sorted(maps.Keys(values)) }

func orInfinity(limits kit.Setting) kit.Setting {
	return kit.Setting{
		Wants:   limits.Wants + ", or infinity",
		Accepts: func(value string) bool { return value == "infinity" || limits.Accepts(value) },
	}
}

var decimalNumber = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,4}$`)

func decimal(low, high float64) kit.Setting {
	text := func(number float64) string { return strconv.FormatFloat(number, 'f', 1, 64) }
	return kit.Setting{
		Wants: "a decimal number from " + text(low) + " to " + text(high) + ", such as " + text(high),
		Accepts: func(value string) bool {
			number, err := strconv.ParseFloat(value, 64)
			return err == nil && decimalNumber.MatchString(value) && number >= low && number <= high
		},
	}
}

var bytes = kit.Matching("an amount of bytes such as 512MiB", `[1-9][0-9]{0,14}(k|K|KB|kB|KiB|M|MB|MiB|G|GB|GiB)?`)
