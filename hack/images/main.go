// Command images makes the container images of the local cluster as archives,
// without a registry and without a container daemon.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stackwright/stackwright/hack/images/internal/recipe"
	"github.com/stackwright/stackwright/hack/images/internal/store"
)

const usage = `Usage: images COMMAND

  build [--force] [NAME...]   make the archives named (all when none is named)
  list                        show the archives and the images in them
  path NAME                   print where the archive NAME is stored
  operator --binary PATH --tag REF --out FILE
                              wrap one static program into an image archive

Archives are kept in ${XDG_CACHE_HOME:-$HOME/.cache}/stackwright/images.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command given\n%s", usage)
	}
	switch args[0] {
	case "build":
		return build(ctx, args[1:])
	case "list":
		return list()
	case "path":
		return path(args[1:])
	case "operator":
		return operator(args[1:])
	case "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}

func build(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	force := flags.Bool("force", false, "build even when the archive is stored already")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	shop, err := newShop()
	if err != nil {
		return err
	}
	for _, each := range chosen {
		archive, err := shop.Build(ctx, each, *force)
		if err != nil {
			return err
		}
		fmt.Println(archive)
	}
	return nil
}

func choose(names []string) ([]recipe.Recipe, error) {
	if len(names) == 0 {
		return recipe.All(), nil
	}
	var chosen []recipe.Recipe
	for _, name := range names {
		found, err := recipe.Find(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, found)
	}
	return chosen, nil
}

func list() error {
	shop, err := newShop()
	if err != nil {
		return err
	}
	for _, each := range recipe.All() {
		archive, stored, err := shop.Path(each)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n  %s\n", each.Name, each.About, describe(archive, stored))
		fmt.Printf("  %s\n", strings.Join(each.Tags, "\n  "))
	}
	return nil
}

func describe(archive string, stored bool) string {
	info, err := os.Stat(archive)
	if !stored || err != nil {
		return "not built"
	}
	return fmt.Sprintf("%s (%d MiB)", archive, info.Size()>>20)
}

func path(args []string) error {
	if len(args) != 1 {
		return errors.New("path needs the name of one archive; 'list' shows them")
	}
	found, err := recipe.Find(args[0])
	if err != nil {
		return err
	}
	shop, err := newShop()
	if err != nil {
		return err
	}
	archive, stored, err := shop.Path(found)
	if err != nil {
		return err
	}
	if !stored {
		return fmt.Errorf("%s is not built: run 'build %s' first", found.Name, found.Name)
	}
	fmt.Println(archive)
	return nil
}

func operator(args []string) error {
	flags := flag.NewFlagSet("operator", flag.ContinueOnError)
	binary := flags.String("binary", "", "the static program")
	tag := flags.String("tag", "", "the image name, for example stackwright.test/operator:dev")
	out := flags.String("out", "", "the archive to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *binary == "" || *tag == "" || *out == "" {
		return errors.New("operator needs --binary, --tag and --out")
	}
	return recipe.Operator(*binary, *tag, *out)
}

func newShop() (recipe.Shop, error) {
	source, err := findSource()
	if err != nil {
		return recipe.Shop{}, err
	}
	archives, err := store.Default()
	if err != nil {
		return recipe.Shop{}, err
	}
	return recipe.Shop{Store: archives, Source: source, Out: os.Stderr}, nil
}

// findSource looks for the hack directory of the checkout from the working
// directory upwards.
func findSource() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		hack := filepath.Join(dir, "hack")
		if _, err := os.Stat(filepath.Join(hack, "images", "go.mod")); err == nil {
			return hack, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no hack/images above %s: run this inside a checkout", start)
		}
	}
}
