package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// testRegistry is where the images of the local cluster pretend to come from.
const testRegistry = "stackwright.test"

// prepareLocal builds the operator and the images, starts the local cluster and loads what it lacks. It returns the image of
// the operator.
func (d *demo) prepareLocal(ctx context.Context) (string, error) {
	if err := checkMachine(runtime.GOOS, os.Geteuid()); err != nil {
		return "", err
	}
	image, archive, err := d.buildOperator(ctx)
	if err != nil {
		return "", err
	}
	samples, err := d.buildSamples(ctx)
	if err != nil {
		return "", err
	}
	d.progress.say("start the local cluster %s", d.cluster)
	if err := show(d.goRun(ctx, "cluster", "up", "--name", d.cluster)); err != nil {
		return "", err
	}
	folder, err := d.findKubectl(ctx)
	if err != nil {
		return "", err
	}
	return image, d.load(ctx, folder, archive, samples)
}

// checkMachine says why the local cluster could not run containers.
func checkMachine(system string, user int) error {
	if system == "linux" && user == 0 {
		return nil
	}
	return errors.New("the local cluster runs real containers, which takes root on Linux: use\n" +
		"  sudo env \"PATH=$PATH\" make demo\n" +
		"or, on a cluster that you have,\n" +
		"  DEMO_CONTEXT=<context of your kubeconfig> make demo")
}

// goRun returns the command that runs one of the programs under hack.
func (d *demo) goRun(ctx context.Context, program string, args ...string) *exec.Cmd {
	return newCommand(ctx, d.root, "go", append([]string{"run", "-C", "hack/" + program, "."}, args...)...)
}

// buildOperator returns the name of the operator's image and the archive that holds it. The name follows from the content, so
// that a changed operator rolls out and an unchanged one does not.
func (d *demo) buildOperator(ctx context.Context) (image, archive string, err error) {
	d.progress.say("build the operator")
	folder := filepath.Join(d.root, "bin", "demo")
	binary := filepath.Join(folder, "stackwright")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", "", err
	}
	build := newCommand(ctx, d.root, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := show(build); err != nil {
		return "", "", err
	}
	digest, err := digestOf(binary)
	if err != nil {
		return "", "", err
	}
	image, archive = testRegistry+"/operator:"+digest[:12], filepath.Join(folder, "operator.tar")
	_, err = capture(d.goRun(ctx, "images", "operator", "--binary", binary, "--tag", image, "--out", archive))
	return image, archive, err
}

func digestOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// buildSamples returns the archive of the shop's images and of the engines.
func (d *demo) buildSamples(ctx context.Context) (string, error) {
	if path, err := capture(d.goRun(ctx, "images", "path", "demo")); err == nil {
		return strings.TrimSpace(path), nil
	}
	d.progress.say("build the images of the engines and of the shop (once; about three minutes)")
	build := d.goRun(ctx, "images", "build", "demo")
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("build the images: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// findKubectl points kubectl at the local cluster and returns the cluster's folder.
func (d *demo) findKubectl(ctx context.Context) (string, error) {
	lines, err := capture(d.goRun(ctx, "cluster", "env", "--name", d.cluster))
	if err != nil {
		return "", err
	}
	config, bin := exported(lines, "KUBECONFIG"), exported(lines, "PATH")
	if config == "" || bin == "" {
		return "", fmt.Errorf("hack/cluster env says nothing of KUBECONFIG and PATH:\n%s", lines)
	}
	d.kubectl = kubectl{program: filepath.Join(bin, "kubectl"), flags: []string{"--kubeconfig", config}}
	return filepath.Dir(config), nil
}

// exported returns the first quoted word of a variable in lines for a shell.
func exported(lines, variable string) string {
	_, rest, _ := strings.Cut(lines, "export "+variable+"='")
	value, _, _ := strings.Cut(rest, "'")
	return value
}

// load imports the archives that the cluster does not have. What it has is noted in its own folder, which goes with it.
func (d *demo) load(ctx context.Context, folder string, archives ...string) error {
	var missing, loaded []string
	note := d.loadedNote(folder)
	before, err := os.ReadFile(note)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, archive := range archives {
		digest, err := fingerprint(archive)
		if err != nil {
			return err
		}
		loaded = append(loaded, digest)
		if !strings.Contains(string(before), digest) {
			missing = append(missing, archive)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	d.progress.say("load the images into the node")
	if err := show(d.goRun(ctx, "cluster", append([]string{"load", "--name", d.cluster}, missing...)...)); err != nil {
		return err
	}
	return os.WriteFile(note, []byte(strings.Join(loaded, "\n")+"\n"), 0o644)
}

func (d *demo) loadedNote(folder string) string { return filepath.Join(folder, "demo-images") }

// fingerprint tells archives apart without reading them: a large one is stored under a key of its content, a small one is
// rewritten when it is built.
func fingerprint(archive string) (string, error) {
	if filepath.Base(archive) == "operator.tar" {
		return digestOf(archive)
	}
	info, err := os.Stat(archive)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", archive, info.Size(), info.ModTime().Unix()), nil
}
