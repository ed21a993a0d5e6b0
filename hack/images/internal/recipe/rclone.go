package recipe

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

const rcloneTag = "stackwright.test/rclone:1.60"

// rcloneRoot is what carries backups. It has no user of an engine: a pod runs it as the engine's own.
var rcloneRoot = debian.RootFS{
	Suite:    "trixie",
	Packages: []string{"rclone", "ca-certificates", "busybox"},
	Exclude:  []string{"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"},
	Users:    []debian.User{{Name: "app", ID: debian.Unprivileged, Home: "/app"}},
	Finish:   []string{`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`},
	Checks:   []string{"rclone version", "sha256sum --version", "awk 'BEGIN { exit }'", "find --version"},
	Path:     searchPath,
}

func rclone() Recipe {
	return Recipe{
		Name:   "rclone",
		About:  "the program that carries backups",
		Tags:   []string{rcloneTag},
		inputs: func(string) (any, error) { return []any{rcloneRoot, engineConfig()}, nil },
		build:  buildRclone,
	}
}

func buildRclone(ctx context.Context, job *job) error {
	layer := filepath.Join(job.work, "root.tar")
	if err := debian.Make(ctx, rcloneRoot, layer, filepath.Join(job.logs, "rclone.log"), job.report); err != nil {
		return err
	}
	job.report.Step("writing the archive")
	stored, err := job.out.AddLayerFile("rclone", layer)
	if err != nil {
		return err
	}
	return job.out.AddImage([]string{rcloneTag}, engineConfig(), runtime.GOARCH, stored)
}
