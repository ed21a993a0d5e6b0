package recipe

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

const rcloneTag = "stackwright.test/rclone:1.71"

// rcloneProgram is of the version that the operator's own catalog names: what is tested is what is shipped.
var rcloneProgram = program{module: "rclone", path: "."}

// rcloneRoot is what the scripts of backups need besides. It has no user of an engine: a pod runs it as the engine's own.
var rcloneRoot = debian.RootFS{
	Suite:    "trixie",
	Packages: []string{"ca-certificates", "busybox"},
	Exclude:  []string{"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"},
	Users:    []debian.User{{Name: "app", ID: debian.Unprivileged, Home: "/app"}},
	Finish:   []string{`: >"$1/etc/resolv.conf" && rm -rf "$1"/var/log/*.log "$1"/var/log/apt`},
	Checks:   []string{"sha256sum --version", "awk 'BEGIN { exit }'", "find --version"},
	Path:     searchPath,
}

func rclone() Recipe {
	return Recipe{
		Name:  "rclone",
		About: "the program that carries backups",
		Tags:  []string{rcloneTag},
		inputs: func(source string) (any, error) {
			sources, err := rcloneProgram.inputs(source)
			return []any{rcloneRoot, sources, engineConfig()}, err
		},
		build: buildRclone,
	}
}

func buildRclone(ctx context.Context, job *job) error {
	root := filepath.Join(job.work, "root.tar")
	if err := debian.Make(ctx, rcloneRoot, root, filepath.Join(job.logs, "rclone.log"), job.report); err != nil {
		return err
	}
	base, err := job.out.AddLayerFile("rclone-root", root)
	if err != nil {
		return err
	}
	top, err := rcloneProgram.layer(ctx, job, "usr/local/bin/rclone")
	if err != nil {
		return err
	}
	return job.out.AddImage([]string{rcloneTag}, engineConfig(), runtime.GOARCH, base, top)
}
