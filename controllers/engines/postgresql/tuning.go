package postgresql

import (
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/part"
)

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30
	// smallestMemory is assumed where no memory is named.
	smallestMemory = 128 * mebibyte
	// mostMemory is what settings are tuned for: more shared buffers than a quarter of it are refused by the server.
	mostMemory = 16 << 40
)

// memory is what the container may use, in bytes.
func memory(s *part.Service) int64 {
	for _, amounts := range []corev1.ResourceList{s.Resources.Limits, s.Resources.Requests} {
		if amount := amounts.Memory(); !amount.IsZero() {
			return clamp(amount.Value(), smallestMemory, mostMemory)
		}
	}
	return smallestMemory
}

// tuned are the settings that follow the size of memory and storage, with the user's in their place where they are given.
func tuned(s *part.Service) map[string]string {
	available, storage := memory(s), s.Storage.Size.Value()
	connections := clamp(available/mebibyte/5/25*25, 25, 400)
	// Every connection may sort at the same time, in what the shared buffers leave.
	work := available * 3 / 4 / wanted(s, "max_connections", connections)
	wal := clamp(storage/10, 128*mebibyte, 16*gibibyte)
	result := map[string]string{
		"shared_buffers":               megabytes(available / 4),
		"effective_cache_size":         megabytes(available * 3 / 4),
		"work_mem":                     megabytes(clamp(work, 1*mebibyte, 64*mebibyte)),
		"maintenance_work_mem":         megabytes(clamp(available/16, 16*mebibyte, 2*gibibyte)),
		"max_connections":              strconv.FormatInt(connections, 10),
		"max_wal_size":                 megabytes(wal),
		"min_wal_size":                 megabytes(clamp(wal/4, 64*mebibyte, gibibyte)),
		"max_slot_wal_keep_size":       megabytes(clamp(storage/5, 256*mebibyte, 64*gibibyte)),
		"checkpoint_completion_target": "0.9",
		"wal_compression":              "on",
		"wal_level":                    "replica",
		"max_wal_senders":              "16",
		"max_replication_slots":        "16",
		"hot_standby_feedback":         "on",
		"random_page_cost":             "1.1",
		"synchronous_commit":           "on",
		"tcp_keepalives_idle":          "60s",
		"tcp_keepalives_interval":      "10s",
		"tcp_keepalives_count":         "6",
		"default_text_search_config":   "pg_catalog.english",
		"log_checkpoints":              "on",
		"log_lock_waits":               "on",
		"log_line_prefix":              "%m [%p] %q%u@%d ",
		"ssl_min_protocol_version":     "TLSv1.2",
	}
	maps.Copy(result, s.Parameters)
	return result
}

// ownConnections are those of probes, and of a backup and a provisioning Job that run at the same time.
const ownConnections = 4

// room is how many connections a server has for consumers: those of the administrator are reserved, and copies have others.
func room(s *part.Service) int64 {
	all, err := strconv.ParseInt(tuned(s)["max_connections"], 10, 64)
	if err != nil { // checkParameters has refused it
		return 0
	}
	return max(0, all-wanted(s, "superuser_reserved_connections", 3)-wanted(s, "reserved_connections", 0)-ownConnections)
}

// wanted is a whole number that the user may have set.
func wanted(s *part.Service, name string, otherwise int64) int64 {
	if value, err := strconv.ParseInt(s.Parameters[name], 10, 64); err == nil {
		return value
	}
	return otherwise
}

func clamp(value, low, high int64) int64 { return max(low, min(value, high)) }

func megabytes(bytes int64) string { return strconv.FormatInt(bytes/mebibyte, 10) + "MB" }

// major is the major version of a version such as 17 or 17.2.
func major(version string) int {
	first, _, _ := strings.Cut(version, ".")
	result, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return result
}
