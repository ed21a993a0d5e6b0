package resp

import (
	"math"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// fsync is the one setting that goes with persistence Durable only.
const fsync = "appendfsync"

var (
	yesNo = kit.OneOf("yes", "no")
	count = kit.Whole(0, math.MaxInt32)
	bytes = kit.Matching("an amount of memory such as 512kb or 64mb", `[0-9]{1,9}([km]b?)?`)
	share = kit.Matching("a share of maxmemory such as 5%, or an amount such as 64mb", `[0-9]{1,2}%|[0-9]{1,9}([km]b?)?`)
	large = kit.Matching("an amount of memory from 1mb, such as 64mb or 2gb", `[1-9][0-9]{0,4}(mb|gb)`)
)

// settings are what a user may choose. All of them exist in Valkey from 7.2 and in Redis from 7.2, and in every build. What
// loads code, names files or addresses, or touches logins is not among them.
var settings = kit.Settings{
	"active-expire-effort":        kit.Whole(1, 10),
	"activerehashing":             yesNo,
	fsync:                         kit.OneOf("always", "everysec"),
	"auto-aof-rewrite-min-size":   bytes,
	"auto-aof-rewrite-percentage": kit.Whole(1, 1000),
	"busy-reply-threshold":        count,
	"client-query-buffer-limit":   large,
	"databases":                   kit.Whole(1, 1024),
	"hash-max-listpack-entries":   count,
	"hash-max-listpack-value":     count,
	"hll-sparse-max-bytes":        kit.Whole(0, 16000),
	"hz":                          kit.Whole(1, 500),
	"io-threads":                  kit.Whole(1, 128),
	"latency-monitor-threshold":   count,
	"lazyfree-lazy-eviction":      yesNo,
	"lazyfree-lazy-expire":        yesNo,
	"lazyfree-lazy-server-del":    yesNo,
	"lazyfree-lazy-user-del":      yesNo,
	"lazyfree-lazy-user-flush":    yesNo,
	"lfu-decay-time":              count,
	"lfu-log-factor":              count,
	"list-compress-depth":         count,
	"list-max-listpack-size":      kit.Whole(-5, math.MaxInt32),
	"loglevel":                    kit.OneOf("debug", "verbose", "notice", "warning"),
	"maxclients":                  kit.Whole(1, 1_000_000),
	"maxmemory-clients":           share,
	"maxmemory-eviction-tenacity": kit.Whole(0, 100),
	"maxmemory-samples":           kit.Whole(1, 64),
	"notify-keyspace-events":      kit.Matching("letters such as KEA, or empty", `[KEg$lszhxetdmnA]*`),
	"proto-max-bulk-len":          large,
	"set-max-intset-entries":      count,
	"set-max-listpack-entries":    count,
	"set-max-listpack-value":      count,
	"slowlog-log-slower-than":     kit.Whole(-1, math.MaxInt32),
	"slowlog-max-len":             count,
	"stream-node-max-bytes":       bytes,
	"stream-node-max-entries":     count,
	"tcp-backlog":                 kit.Whole(1, 65535),
	"tcp-keepalive":               count,
	"timeout":                     count,
	"tracking-table-max-keys":     count,
	"zset-max-listpack-entries":   count,
	"zset-max-listpack-value":     count,
}

// owned are the settings that follow from fields of the spec.
var owned = map[string]string{
	"maxmemory":        "it follows the memory limit: change size or resources",
	"maxmemory-policy": "change evictionPolicy",
	"appendonly":       "it follows persistence, which is chosen when the cache is made",
	"save":             "snapshots are not taken; persistence: Durable keeps an append-only file",
	"requirepass":      "each stack has its own login",
	"port":             "it follows tls.mode",
	"tls-port":         "it follows tls.mode",
}

func checkParameters(s *part.Service) error {
	if err := settings.Check(s.Parameters, owned); err != nil {
		return err
	}
	if _, chosen := s.Parameters[fsync]; chosen && !s.Durable {
		return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s: goes with persistence Durable; remove it", fsync)
	}
	return nil
}
