package mysql

import (
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	mebibyte = 1 << 20
	gibibyte = 1 << 30
	// smallestMemory is what a server needs to start and to serve a few sessions.
	smallestMemory = 256 * mebibyte
	// mostMemory is what settings are tuned for.
	mostMemory = 16 << 40
)

// memory is what the container may use, in bytes; 0 when nothing says so.
func memory(s *part.Service) int64 {
	for _, amounts := range []corev1.ResourceList{s.Resources.Limits, s.Resources.Requests} {
		if amount := amounts.Memory(); !amount.IsZero() {
			return min(amount.Value(), mostMemory)
		}
	}
	return smallestMemory
}

// checkSize refuses a container that the kernel would end again and again.
func checkSize(s *part.Service) error {
	if memory(s) >= smallestMemory {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "size: MySQL needs 256Mi of memory to start; choose the size Micro or a larger one, "+
		"or set resources.memory")
}

// tuned are the settings that follow the size of memory and storage, with the user's in their place where they are given.
func tuned(s *part.Service) map[string]string {
	available, storage := max(memory(s), smallestMemory), s.Storage.Size.Value()
	result := map[string]string{
		"innodb_buffer_pool_size":    mebibytes(pool(available)),
		"innodb_redo_log_capacity":   mebibytes(clamp(storage/10, 64*mebibyte, 8*gibibyte)),
		"innodb_log_buffer_size":     mebibytes(clamp(available/32, 4*mebibyte, 64*mebibyte)),
		"temptable_max_ram":          mebibytes(clamp(available/16, 16*mebibyte, gibibyte)),
		"max_binlog_size":            mebibytes(clamp(storage/64, 16*mebibyte, 256*mebibyte)),
		"binlog_expire_logs_seconds": "86400",
		"max_connections":            strconv.FormatInt(clamp((available/mebibyte-192)/6/25*25, 25, 400), 10),
		"table_open_cache":           strconv.FormatInt(clamp(available/mebibyte, 256, 4000), 10),
		"table_definition_cache":     strconv.FormatInt(clamp(available/mebibyte, 400, 2000), 10),
		"performance_schema":         "OFF",
		"replica_net_timeout":        "30",
	}
	// It takes more than 200 MiB, which a small server has better uses for.
	if available >= 2*gibibyte {
		result["performance_schema"] = "ON"
	}
	if s.TLS != v1alpha1.TLSDisabled {
		result["tls_version"] = "TLSv1.2,TLSv1.3"
	}
	maps.Copy(result, s.Parameters)
	return result
}

// ownConnections are those of probes, and of a backup and a provisioning Job that run at the same time.
const ownConnections = 4

// room is how many connections a server has for consumers. Each copy holds one to the primary.
func room(s *part.Service) int64 {
	all, err := strconv.ParseInt(tuned(s)["max_connections"], 10, 64)
	if err != nil { // checkParameters has refused it
		return 0
	}
	return max(0, all-int64(s.Replicas)-ownConnections)
}

// pool is what pages of tables may take. The server itself takes about 190 MiB, and a session that sorts some 3 MiB.
func pool(available int64) int64 {
	switch {
	case available < 512*mebibyte:
		return available / 8
	case available < gibibyte:
		return available / 5
	case available < 4*gibibyte:
		return available / 3
	case available < 16*gibibyte:
		return available / 2
	}
	return available / 5 * 3
}

func clamp(value, low, high int64) int64 { return max(low, min(value, high)) }

// mebibytes are whole mebibytes, as the server reads them.
func mebibytes(amount int64) string { return strconv.FormatInt(amount/mebibyte, 10) + "M" }
