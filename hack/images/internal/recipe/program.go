package recipe

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/store"
)

// program is a static program of a Go module below hack/images.
type program struct {
	// module is the folder of the module, and the program's name.
	module string
	// path of the package, as the compiler takes it.
	path string
}

// inputs are what decides the program's content.
func (p program) inputs(source string) (any, error) {
	return store.TreeDigests(filepath.Join(source, "images", p.module), func(string) bool { return false })
}

// build compiles the program and returns where it is.
func (p program) build(ctx context.Context, job *job) (string, error) {
	job.report.Step("compiling %s, which takes minutes the first time", p.module)
	binary := filepath.Join(job.work, p.module)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, p.path)
	cmd.Dir = filepath.Join(job.source, "images", p.module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w\n%s", p.module, err, output)
	}
	return binary, checkStatic(binary)
}

// layer adds the program to the archive as a layer of its own, under a path of the image.
func (p program) layer(ctx context.Context, job *job, path string) (archive.Layer, error) {
	binary, err := p.build(ctx, job)
	if err != nil {
		return archive.Layer{}, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return archive.Layer{}, err
	}
	builder := archive.NewLayerBuilder()
	if err := builder.File(path, 0o755, content); err != nil {
		return archive.Layer{}, err
	}
	layer, size, err := builder.Finish()
	if err != nil {
		return archive.Layer{}, err
	}
	return job.out.AddLayer(p.module, layer, size)
}
