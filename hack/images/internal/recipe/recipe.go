// Package recipe says what each image is made of and how it is put together.
package recipe

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/progress"
	"github.com/stackwright/stackwright/hack/images/internal/store"
)

// format counts for every content key. Raise it when the way archives are put
// together changes, so that archives made the old way are not used again.
const format = 1

// Recipe is one archive: its images, and what decides their content.
type Recipe struct {
	Name  string
	About string
	// Tags are the image names in the archive.
	Tags []string
	// base names the recipe whose archive this one builds on, or is empty.
	base   string
	inputs func(source string) (any, error)
	build  func(ctx context.Context, job *job) error
}

// Shop builds and finds archives. Source is the hack directory of the checkout.
type Shop struct {
	Store  store.Store
	Source string
	Out    io.Writer
}

// job is one archive being written.
type job struct {
	source string
	work   string
	base   string
	logs   string
	out    *archive.Writer
	report *progress.Reporter
}

// All lists the recipes in the order in which they build on each other.
func All() []Recipe {
	return []Recipe{engines(), demo(), mysql(), rclone(), pgbouncer(), exporters(), versitygw(), next()}
}

// Find returns the recipe with a name.
func Find(name string) (Recipe, error) {
	var names []string
	for _, recipe := range All() {
		if recipe.Name == name {
			return recipe, nil
		}
		names = append(names, recipe.Name)
	}
	return Recipe{}, fmt.Errorf("no image archive is called %q: choose from %s", name, strings.Join(names, ", "))
}

// Key is the content key of a recipe.
func (s Shop) Key(recipe Recipe) (string, error) {
	inputs, err := recipe.inputs(s.Source)
	if err != nil {
		return "", fmt.Errorf("read the inputs of %s: %w", recipe.Name, err)
	}
	base := ""
	if recipe.base != "" {
		if base, err = s.baseKey(recipe); err != nil {
			return "", err
		}
	}
	return store.Key([]any{format, runtime.GOARCH, recipe.Tags, base, inputs})
}

func (s Shop) baseKey(recipe Recipe) (string, error) {
	base, err := Find(recipe.base)
	if err != nil {
		return "", err
	}
	return s.Key(base)
}

// Path is where the archive of a recipe is stored, and whether it is there.
func (s Shop) Path(recipe Recipe) (string, bool, error) {
	key, err := s.Key(recipe)
	if err != nil {
		return "", false, err
	}
	return s.Store.Path(recipe.Name, key), s.Store.Has(recipe.Name, key), nil
}

// Build makes the archive of a recipe, and first those it builds on. What is
// stored already is left alone unless force is set.
func (s Shop) Build(ctx context.Context, recipe Recipe, force bool) (string, error) {
	base := ""
	if recipe.base != "" {
		parent, err := Find(recipe.base)
		if err != nil {
			return "", err
		}
		if base, err = s.Build(ctx, parent, false); err != nil {
			return "", err
		}
	}
	key, err := s.Key(recipe)
	if err != nil {
		return "", err
	}
	path := s.Store.Path(recipe.Name, key)
	if s.Store.Has(recipe.Name, key) && !force {
		fmt.Fprintf(s.Out, "%s: up to date\n", recipe.Name)
		return path, nil
	}
	return path, s.fill(ctx, recipe, key, base, force)
}

func (s Shop) fill(ctx context.Context, recipe Recipe, key, base string, force bool) error {
	report := progress.New(s.Out, recipe.Name)
	defer report.Alive(15 * time.Second)()
	report.Step("building %s", recipe.About)
	err := s.Store.Fill(recipe.Name, key, force, func(work string) (string, error) {
		return s.write(ctx, recipe, &job{source: s.Source, work: work, base: base, logs: s.Store.Dir, report: report})
	})
	if err != nil {
		return fmt.Errorf("build %s: %w", recipe.Name, err)
	}
	report.Step("done")
	return nil
}

func (s Shop) write(ctx context.Context, recipe Recipe, job *job) (string, error) {
	path := filepath.Join(job.work, "archive.tar")
	file, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("make the archive: %w", err)
	}
	defer file.Close()
	job.out = archive.NewWriter(file)
	if err := recipe.build(ctx, job); err != nil {
		return "", err
	}
	if err := job.out.Close(); err != nil {
		return "", fmt.Errorf("finish the archive: %w", err)
	}
	return path, file.Close()
}
