package recipe

import (
	"context"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

// packagedExporters are images by the program of Debian that is their entry point.
var packagedExporters = map[string]string{
	"/usr/bin/prometheus-postgres-exporter": "stackwright.test/postgres-exporter:0.17",
	"/usr/bin/prometheus-mysqld-exporter":   "stackwright.test/mysqld-exporter:0.17",
	"/usr/bin/prometheus-redis-exporter":    "stackwright.test/redis-exporter:1.69",
}

const memcachedExporterTag = "stackwright.test/memcached-exporter:0.16"

// memcachedExporter is not packaged.
var memcachedExporter = program{module: "memcached_exporter", path: "github.com/prometheus/memcached_exporter/cmd/memcached_exporter"}

var exportersRoot = debian.RootFS{
	Suite:    "trixie",
	Packages: []string{"prometheus-postgres-exporter", "prometheus-mysqld-exporter", "prometheus-redis-exporter"},
	Exclude:  []string{"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"},
	Users:    []debian.User{{Name: "app", ID: debian.Unprivileged, Home: "/app"}},
	Finish:   []string{`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`},
	Checks: []string{
		"prometheus-postgres-exporter --version", "prometheus-mysqld-exporter --version", "prometheus-redis-exporter --version",
	},
	Path: searchPath,
}

func exporters() Recipe {
	tags := []string{memcachedExporterTag}
	for _, program := range exporterPrograms() {
		tags = append(tags, packagedExporters[program])
	}
	return Recipe{
		Name:  "exporters",
		About: "the programs that tell what servers do",
		Tags:  tags,
		inputs: func(source string) (any, error) {
			sources, err := memcachedExporter.inputs(source)
			return []any{exportersRoot, exporterPrograms(), sources, startsWith("")}, err
		},
		build: buildExporters,
	}
}

// exporterPrograms are those of Debian in a stable order.
func exporterPrograms() []string {
	return slices.Sorted(maps.Keys(packagedExporters))
}

func startsWith(program string) archive.Config {
	config := engineConfig()
	config.Entrypoint, config.Cmd = []string{program}, nil
	return config
}

func buildExporters(ctx context.Context, job *job) error {
	const built = "usr/bin/memcached-exporter"
	root := filepath.Join(job.work, "root.tar")
	if err := debian.Make(ctx, exportersRoot, root, filepath.Join(job.logs, "exporters.log"), job.report); err != nil {
		return err
	}
	base, err := job.out.AddLayerFile("exporters-root", root)
	if err != nil {
		return err
	}
	for _, program := range exporterPrograms() {
		if err := job.out.AddImage([]string{packagedExporters[program]}, startsWith(program), runtime.GOARCH, base); err != nil {
			return err
		}
	}
	top, err := memcachedExporter.layer(ctx, job, built)
	if err != nil {
		return err
	}
	return job.out.AddImage([]string{memcachedExporterTag}, startsWith("/"+built), runtime.GOARCH, base, top)
}
