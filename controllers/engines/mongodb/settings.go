package mongodb

import (
	"fmt"
	"math/big"
	"regexp"

	"github.com/stackwright/stackwright/controllers/kit"
)

const large = 1 << 50

var compressors = []string{"none", "snappy", "zlib", "zstd"}

// settings are what spec.parameters may hold, for MongoDB 7.0 and 8.0: options by their names in mongod.conf, in one line. Left out is what
// is ours to set, what names files, what weakens durability, what is fixed when the data is made, and what serves to debug the server.
var settings = kit.Settings{
	cacheOption:                                                 real(0, 10000),
	connectionsOption:                                           kit.Whole(50, 65536),
	"operationProfiling.mode":                                   kit.OneOf("off", "slowOp", "all"),
	"operationProfiling.slowOpSampleRate":                       real(0, 1),
	"operationProfiling.slowOpThresholdMs":                      kit.Whole(0, 3600000),
	"setParameter.allowDiskUseByDefault":                        flag,
	"setParameter.cursorTimeoutMillis":                          kit.Whole(1000, 86400000),
	"setParameter.enableFlowControl":                            flag,
	"setParameter.flowControlTargetLagSeconds":                  kit.Whole(1, 3600),
	"setParameter.internalQueryMaxBlockingSortMemoryUsageBytes": kit.Whole(1, large),
	"setParameter.localLogicalSessionTimeoutMinutes":            kit.Whole(1, 1440),
	"setParameter.maxIndexBuildMemoryUsageMegabytes":            kit.Whole(50, 1<<20),
	"setParameter.maxNumActiveUserIndexBuilds":                  kit.Whole(1, 64),
	"setParameter.maxTransactionLockRequestTimeoutMillis":       kit.Whole(0, 60000),
	"setParameter.minSnapshotHistoryWindowInSeconds":            kit.Whole(0, 86400),
	"setParameter.notablescan":                                  flag,
	"setParameter.transactionLifetimeLimitSeconds":              kit.Whole(1, 86400),
	"setParameter.ttlMonitorEnabled":                            flag,
	"setParameter.ttlMonitorSleepSecs":                          kit.Whole(1, 86400),
	"storage.oplogMinRetentionHours":                            real(0, 8760),
	"storage.wiredTiger.collectionConfig.blockCompressor":       kit.OneOf(compressors...),
	"storage.wiredTiger.engineConfig.journalCompressor":         kit.OneOf(compressors...),
	"storage.wiredTiger.indexConfig.prefixCompression":          flag,
	"systemLog.verbosity":                                       kit.Whole(0, 5),
}

// The options that follow the size.
const (
	cacheOption       = "storage.wiredTiger.engineConfig.cacheSizeGB"
	connectionsOption = "net.maxIncomingConnections"
)

var flag = kit.OneOf("true", "false")

// decimals have no exponent, and no leading zero that could be read as octal.
var decimals = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$`)

// real is a number within bounds.
func real(low, high int64) kit.Setting {
	least, most := new(big.Rat).SetInt64(low), new(big.Rat).SetInt64(high)
	return kit.Setting{
		Wants: fmt.Sprintf("a number from %d to %d, such as 0.5", low, high),
		Accepts: func(value string) bool {
			amount, ok := new(big.Rat).SetString(value)
			return decimals.MatchString(value) && ok && amount.Cmp(least) >= 0 && amount.Cmp(most) <= 0
		},
	}
}
