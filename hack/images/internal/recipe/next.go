package recipe

import (
	"slices"
	"strings"

	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

// nextPath finds the programs of the later releases.
var nextPath = strings.ReplaceAll(searchPath, "/postgresql/17/", "/postgresql/18/")

// nextRoot has later releases of some engines, of Debian's next stable release: what an upgrade goes to. Their users are those of
// engineRoot, because they go on with its files.
var nextRoot = debian.RootFS{
	Suite: "forky",
	Packages: []string{
		"postgresql-18", "postgresql-client-18", "valkey-server", "valkey-tools", "redis-server", "redis-tools", "memcached",
		"busybox", "openssl", "ca-certificates", "netcat-openbsd", "procps",
	},
	Exclude: slices.Concat(engineRoot.Exclude, []string{"/usr/lib/postgresql/18/lib/bitcode/*", "/usr/lib/postgresql/18/lib/llvmjit*"}),
	Users:   slices.DeleteFunc(slices.Clone(engineUsers), func(u debian.User) bool { return u.Name == "rabbitmq" || u.Name == "nginx" }),
	Prepare: engineRoot.Prepare,
	Finish: []string{
		`find "$1/run" -mindepth 1 -delete && install -d -m 1777 "$1/run/lock" "$1/run/postgresql"`,
		`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`,
	},
	Checks: []string{
		"postgres --version", "initdb --version", "psql --version", "pg_basebackup --version",
		"valkey-server --version", "valkey-cli --version", "redis-server --version", "redis-cli --version", "memcached --version",
	},
	Path:    nextPath,
	Options: []string{`Acquire::Check-Valid-Until "false"`},
}

func next() Recipe {
	config := engineConfig()
	config.Env = []string{"PATH=" + nextPath, "LANG=C.UTF-8"}
	return ofRoot("next", "later releases of the engines, for upgrades", nextRoot, config,
		"stackwright.test/postgresql:18", "stackwright.test/valkey:9.1", "stackwright.test/redis:8.0-next", "stackwright.test/memcached:1.6-next")
}
