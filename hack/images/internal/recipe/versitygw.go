package recipe

import (
	"context"
	"runtime"
	"strconv"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

const versitygwTag = "stackwright.test/versitygw:1.8"

// versitygwProgram is an object store that speaks S3 and keeps objects as files: backups are tried with it.
var versitygwProgram = program{module: "versitygw", path: "github.com/versity/versitygw/cmd/versitygw"}

func versitygw() Recipe {
	return Recipe{
		Name:  "versitygw",
		About: "an object store that speaks S3",
		Tags:  []string{versitygwTag},
		inputs: func(source string) (any, error) {
			sources, err := versitygwProgram.inputs(source)
			return []any{sources, versitygwConfig()}, err
		},
		build: func(ctx context.Context, job *job) error {
			layer, err := versitygwProgram.layer(ctx, job, "versitygw")
			if err != nil {
				return err
			}
			return job.out.AddImage([]string{versitygwTag}, versitygwConfig(), runtime.GOARCH, layer)
		},
	}
}

func versitygwConfig() archive.Config {
	user := strconv.Itoa(debian.Unprivileged)
	return archive.Config{User: user + ":" + user, Env: []string{"PATH=/"}, Entrypoint: []string{"/versitygw"}}
}
