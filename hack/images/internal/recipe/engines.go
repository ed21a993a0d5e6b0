package recipe

import (
	"context"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

// enginesLayer names the layer that the demo images share.
const enginesLayer = "engines"

// searchPath finds the programs of every engine by their plain names. The
// folder below /opt comes first: its RabbitMQ scripts run as any user, while
// those that Debian puts into /usr/sbin insist on root or the user rabbitmq.
var searchPath = strings.Join([]string{
	"/opt/rabbitmq/sbin", "/usr/lib/postgresql/17/bin",
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
}, ":")

// engineUsers carry numbers that differ from those of the official images, so
// that a number assumed by a builder shows up as a failure.
var engineUsers = []debian.User{
	{Name: "postgres", ID: 110, Home: "/var/lib/postgresql"},
	{Name: "valkey", ID: 111, Home: "/var/lib/valkey"},
	{Name: "redis", ID: 112, Home: "/var/lib/redis"},
	{Name: "memcache", ID: 113, Home: "/nonexistent"},
	{Name: "rabbitmq", ID: 114, Home: "/var/lib/rabbitmq"},
	{Name: "nginx", ID: 115, Home: "/nonexistent"},
	{Name: "app", ID: debian.Unprivileged, Home: "/app"},
}

var engineRoot = debian.RootFS{
	Suite: "trixie",
	Packages: []string{
		"postgresql-17", "postgresql-client-17", "valkey-server", "valkey-tools", "redis-server", "redis-tools",
		"memcached", "rabbitmq-server", "nginx", "libnginx-mod-stream", "apache2", "nodejs",
		"python3", "celery", "python3-redis", "python3-psycopg", "python3-pymysql", "python3-amqp", "python3-kombu",
		"prometheus", "prometheus-postgres-exporter", "prometheus-mysqld-exporter",
		"prometheus-redis-exporter", "prometheus-apache-exporter", "prometheus-nginx-exporter",
		"busybox", "openssl", "curl", "ca-certificates", "netcat-openbsd", "procps", "libnss-wrapper",
	},
	Exclude: []string{
		"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/i18n/*",
		"/usr/share/javascript/*", "/usr/share/nodejs/corepack/*", "/usr/bin/promtool",
		// PostgreSQL runs without its just-in-time compiler when the provider is absent.
		"/usr/lib/*/libLLVM*", "/usr/lib/llvm-*", "/usr/lib/*/libz3.so*",
		"/usr/lib/postgresql/17/lib/bitcode/*", "/usr/lib/postgresql/17/lib/llvmjit*",
	},
	Users: engineUsers,
	Prepare: []string{
		`mkdir -p "$1/etc/postgresql-common" && echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"`,
	},
	Finish: []string{
		// The layout of the official RabbitMQ image.
		`for home in "$1"/usr/lib/rabbitmq/lib/rabbitmq_server-*; do ln -s "${home#"$1"}" "$1/opt/rabbitmq"; done`,
		`find "$1/run" -mindepth 1 -delete && install -d -m 1777 "$1/run/lock" "$1/run/postgresql"`,
		`ln -sf /dev/stderr "$1/var/log/nginx/error.log" && ln -sf /dev/stdout "$1/var/log/nginx/access.log"`,
		`rm -f "$1/etc/ssl/private/ssl-cert-snakeoil.key" "$1/etc/ssl/certs/ssl-cert-snakeoil.pem"`,
		`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`,
	},
	Checks: []string{
		"postgres --version", "initdb --version", "psql --version", "pg_basebackup --version", "pg_rewind --version",
		"valkey-server --version", "valkey-cli --version", "redis-server --version", "redis-cli --version",
		"memcached --version", "rabbitmqctl version", "rabbitmq-diagnostics --help", "which rabbitmq-server",
		"nginx -v", "apache2 -v", "node --version", "celery --version", "busybox true", "curl --version",
		`python3 -c "import redis, psycopg, pymysql, amqp, kombu"`,
	},
	Path: searchPath,
}

func engines() Recipe {
	return ofRoot(enginesLayer, "the engines' root file system", engineRoot, engineConfig(),
		"stackwright.test/postgresql:17", "stackwright.test/valkey:8.1", "stackwright.test/redis:8.0",
		"stackwright.test/memcached:1.6", "stackwright.test/rabbitmq:4.0", "stackwright.test/nginx:1.26",
		"stackwright.test/apache:2.4", "stackwright.test/nodejs:20", "stackwright.test/celery:5.5")
}

func engineConfig() archive.Config {
	user := strconv.Itoa(debian.Unprivileged)
	return archive.Config{User: user + ":" + user, Env: []string{"PATH=" + searchPath, "LANG=C.UTF-8"}, Cmd: []string{"bash"}}
}

// ofRoot is the recipe of an archive whose images are one root file system.
func ofRoot(name, about string, root debian.RootFS, config archive.Config, tags ...string) Recipe {
	recipe := Recipe{
		Name: name, About: about, Tags: tags,
		inputs: func(string) (any, error) { return []any{root, config}, nil },
	}
	recipe.build = func(ctx context.Context, job *job) error { return buildRoot(ctx, job, recipe, root, config) }
	return recipe
}

// buildRoot makes a root file system and writes it as the one layer of a recipe's image.
func buildRoot(ctx context.Context, job *job, recipe Recipe, root debian.RootFS, config archive.Config) error {
	layer := filepath.Join(job.work, "root.tar")
	if err := debian.Make(ctx, root, layer, filepath.Join(job.logs, recipe.Name+".log"), job.report); err != nil {
		return err
	}
	passwd, err := archive.ReadLayerFile(layer, "etc/passwd")
	if err != nil {
		return err
	}
	if err := debian.CheckUsers(passwd, root.Users); err != nil {
		return err
	}
	job.report.Step("writing the archive")
	stored, err := job.out.AddLayerFile(recipe.Name, layer)
	if err != nil {
		return err
	}
	return job.out.AddImage(recipe.Tags, config, runtime.GOARCH, stored)
}
