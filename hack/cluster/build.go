package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// keepFor is how long a build that is not asked for stays in the cache.
const keepFor = 14 * 24 * time.Hour

// ensureProduct returns the folder with the built product, building it first
// when the cache has none for the present sources and compiler. A build that is
// cut short leaves nothing behind that a later one would take for complete.
func ensureProduct(ctx context.Context, folders Folders, p product) (string, error) {
	key, err := p.key(ctx, folders)
	if err != nil {
		return "", fmt.Errorf("cannot tell what to build for %s: %w", p.name, err)
	}
	dir := filepath.Join(folders.Cache, p.name+"-"+key)
	if exists(dir) {
		return dir, os.Chtimes(dir, time.Time{}, time.Now())
	}
	unlock, err := lockFile(ctx, filepath.Join(folders.Cache, p.name+".lock"), "the build of "+p.name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	return dir, p.buildInto(ctx, folders, dir)
}

// key names the product's content: its sources, flags, compiler and system.
func (p product) key(ctx context.Context, folders Folders) (string, error) {
	version, err := goVersion(ctx)
	if err != nil {
		return "", err
	}
	files, err := sourcesIn(folders.Source, p.module, p.dir)
	if err != nil {
		return "", err
	}
	settings := append([]string{version, runtime.GOOS, runtime.GOARCH, p.tags, p.ldflags}, p.packages...)
	return contentKey(folders.Source, append(settings, p.links...), files)
}

func goVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("cannot run the Go compiler, install Go 1.26 or later: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (p product) buildInto(ctx context.Context, folders Folders, dir string) error {
	if err := os.MkdirAll(folders.Cache, 0o755); err != nil {
		return err
	}
	p.removeUnfinished(folders)
	p.removeUnused(folders)
	work, err := os.MkdirTemp(folders.Cache, ".build-"+p.name+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	begin := time.Now()
	if err := p.compile(ctx, folders, work); err != nil {
		return err
	}
	if err := errors.Join(p.link(work), os.Chmod(work, 0o755), os.Rename(work, dir)); err != nil {
		return err
	}
	say("built %s in %s", p.name, rounded(time.Since(begin)))
	return nil
}

// removeUnfinished deletes what builds of this product left when they were cut
// short. Its caller holds the lock of the product's builds.
func (p product) removeUnfinished(folders Folders) {
	left, _ := filepath.Glob(filepath.Join(folders.Cache, ".build-"+p.name+"-*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// removeUnused deletes builds of this product that nobody asked for in keepFor.
// A process that still runs from one goes on; "up" would start it from a new one.
func (p product) removeUnused(folders Folders) {
	builds, _ := filepath.Glob(filepath.Join(folders.Cache, p.name+"-"+strings.Repeat("[0-9a-f]", keyLength)))
	for _, dir := range builds {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > keepFor {
			_ = os.RemoveAll(dir)
		}
	}
}

// link adds the product's further names beside its binary.
func (p product) link(dir string) error {
	for _, name := range p.links {
		if err := os.Symlink(p.name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// compile runs the compiler and shows how far it is.
func (p product) compile(ctx context.Context, folders Folders, out string) error {
	cmd := p.goCommand(ctx, folders, append([]string{"build", "-v", "-trimpath", "-buildvcs=false",
		"-tags", p.tags, "-ldflags", p.ldflags, "-o", out + string(filepath.Separator)}, p.packages...)...)
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	say("building %s (kept for next time; a first build takes minutes)", p.name)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run the Go compiler, install Go 1.26 or later: %w", err)
	}
	said := p.follow(output, p.countPackages(ctx, folders))
	err = cmd.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("stopped while building %s; what is compiled so far is kept: %w", p.name, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("cannot build %s: %w\n%s", p.name, err, said)
	}
	return nil
}

// follow reads the compiler's output to its end, showing progress, and returns
// its last lines. With -v the compiler prints a line per package it compiles.
func (p product) follow(output io.Reader, total int) string {
	var compiled atomic.Int64
	stop := showProgress(func(elapsed time.Duration) string {
		return fmt.Sprintf("building %s: %s, %d of at most %d packages", p.name, rounded(elapsed), compiled.Load(), total)
	})
	defer stop()
	var last []string
	for lines := bufio.NewScanner(output); lines.Scan(); compiled.Add(1) {
		last = append(last[max(0, len(last)-19):], lines.Text())
	}
	return strings.Join(last, "\n")
}

// countPackages is how many packages the product is made of; 0 when unknown.
func (p product) countPackages(ctx context.Context, folders Folders) int {
	args := append([]string{"list", "-deps", "-tags", p.tags}, p.packages...)
	out, err := p.goCommand(ctx, folders, args...).Output()
	if err != nil {
		return 0
	}
	return bytes.Count(out, []byte{'\n'})
}

// goCommand is the compiler, run in the product's module and free of the user's
// workspace and flags, which would change the result.
func (p product) goCommand(ctx context.Context, folders Folders, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(folders.Source, p.module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOOS=", "GOARCH=")
	return cmd
}
