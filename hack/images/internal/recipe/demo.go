package recipe

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
	"github.com/stackwright/stackwright/hack/images/internal/store"
)

const (
	webTag    = "stackwright.test/demo-web:1"
	workerTag = "stackwright.test/demo-worker:1"
)

// demo holds the sample shop. It carries the engines' images too, whose layer
// it shares, so that one import brings everything that the demo needs.
func demo() Recipe {
	return Recipe{
		Name:   "demo",
		About:  "the sample shop, with the engines",
		Tags:   append([]string{webTag, workerTag}, engines().Tags...),
		base:   enginesLayer,
		inputs: demoInputs,
		build:  buildDemo,
	}
}

func demoInputs(source string) (any, error) {
	web, err := store.TreeDigests(filepath.Join(source, "demo", "web"), notShipped)
	if err != nil {
		return nil, err
	}
	worker, err := store.TreeDigests(filepath.Join(source, "demo", "worker"), notShipped)
	if err != nil {
		return nil, err
	}
	return []any{web, worker, webConfig(), workerConfig()}, nil
}

// notShipped tells which paths of an application stay out of its image.
func notShipped(relative string) bool {
	top := strings.Split(filepath.ToSlash(relative), "/")[0]
	return top == "node_modules" || top == "test" || top == "__pycache__" || top == ".gitignore"
}

func webConfig() archive.Config {
	config := engineConfig()
	config.WorkingDir = "/app"
	config.Env = append(config.Env, "NODE_ENV=production")
	config.Cmd = []string{"node", "server.js"}
	return config
}

func workerConfig() archive.Config {
	config := engineConfig()
	config.WorkingDir = "/app"
	config.Env = append(config.Env, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "HOME=/tmp")
	config.Cmd = []string{"celery", "-A", "shop", "worker", "-l", "INFO", "--concurrency", "2"}
	return config
}

func buildDemo(ctx context.Context, job *job) error {
	web := filepath.Join(job.work, "web")
	if err := installWeb(ctx, job, web); err != nil {
		return err
	}
	job.report.Step("writing the archive")
	base, err := archive.CopyLayer(job.out, enginesLayer, job.base)
	if err != nil {
		return err
	}
	if err := job.out.AddImage(engines().Tags, engineConfig(), runtime.GOARCH, base); err != nil {
		return err
	}
	if err := addApp(job, "demo-web", web, webTag, webConfig(), base); err != nil {
		return err
	}
	worker := filepath.Join(job.work, "worker")
	if err := copyApp(filepath.Join(job.source, "demo", "worker"), worker); err != nil {
		return err
	}
	return addApp(job, "demo-worker", worker, workerTag, workerConfig(), base)
}

func addApp(job *job, name, root, tag string, config archive.Config, base archive.Layer) error {
	builder := archive.NewLayerBuilder()
	if err := builder.Tree("app", root); err != nil {
		return fmt.Errorf("collect %s: %w", name, err)
	}
	content, size, err := builder.Finish()
	if err != nil {
		return err
	}
	top, err := job.out.AddLayer(name, content, size)
	if err != nil {
		return err
	}
	return job.out.AddImage([]string{tag}, config, runtime.GOARCH, base, top)
}

// installWeb copies the web application and installs its locked packages
// beside it, without running any script of theirs.
func installWeb(ctx context.Context, job *job, dir string) error {
	if err := copyApp(filepath.Join(job.source, "demo", "web"), dir); err != nil {
		return err
	}
	if err := debian.Ensure(ctx, "npm", job.report); err != nil {
		return fmt.Errorf("the web application needs npm: %w", err)
	}
	job.report.Step("installing the web application's packages")
	cmd := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in a copy of hack/demo/web: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

func copyApp(from, to string) error {
	files, err := store.TreeDigests(from, notShipped)
	if err != nil {
		return err
	}
	for file := range files {
		target := filepath.Join(to, file)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("copy %s: %w", file, err)
		}
		content, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			return fmt.Errorf("copy %s: %w", file, err)
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return fmt.Errorf("copy %s: %w", file, err)
		}
	}
	return nil
}
