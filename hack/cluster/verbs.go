package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// loadCommand imports image archives into the node of a cluster.
func loadCommand(ctx context.Context, folders Folders, args []string) error {
	flags, name := newFlags("load", "FILE.tar...")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("load needs at least one image archive: FILE.tar")
	}
	c, err := openStarted(folders, *name)
	if err != nil {
		return err
	}
	if !c.real() {
		fmt.Printf("Cluster %s runs no containers: there is no need to load images.\n", c.Name)
		return nil
	}
	for _, file := range flags.Args() {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		begin := time.Now()
		stop := showProgress(func(elapsed time.Duration) string {
			return fmt.Sprintf("loading %s (%s)", file, rounded(elapsed))
		})
		err = c.importImage(ctx, path)
		stop()
		if err != nil {
			return err
		}
		fmt.Printf("loaded %s in %s\n", file, rounded(time.Since(begin)))
	}
	return nil
}

// assetsCommand prints the folder to give envtest as KUBEBUILDER_ASSETS.
func assetsCommand(ctx context.Context, folders Folders, args []string) error {
	flags, _ := newFlags("assets", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	programs, err := ensurePrograms(ctx, folders, nodeNone)
	if err != nil {
		return err
	}
	fmt.Println(programs.Kube)
	return nil
}

// envCommand prints lines for a shell to evaluate.
func envCommand(_ context.Context, folders Folders, args []string) error {
	flags, name := newFlags("env", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := openStarted(folders, *name)
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", quoted(c.kubeconfigPath()))
	fmt.Printf("export KUBEBUILDER_ASSETS=%s\n", quoted(c.Programs.Kube))
	fmt.Printf("export PATH=%s:\"$PATH\"\n", quoted(filepath.Join(c.Dir, "bin")))
	return nil
}

// openStarted opens a cluster that "up" has been run for.
func openStarted(folders Folders, name string) (*Cluster, error) {
	c, known, err := openCluster(folders, name)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("there is no cluster %s: \"%s up --name %s\" makes it", name, calledAs(), name)
	}
	return c, nil
}

// linkClients puts a link to kubectl into the cluster's bin folder, which
// holds nothing else that would hide the user's programs.
func (c *Cluster) linkClients() error {
	bin := filepath.Join(c.Dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	return relink(c.Programs.kube("kubectl"), filepath.Join(bin, "kubectl"))
}

func relink(target, path string) error {
	if have, err := os.Readlink(path); err == nil && have == target {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

// quoted makes text one word for a shell.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
