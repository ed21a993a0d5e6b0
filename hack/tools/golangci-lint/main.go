// Command golangci-lint is golangci-lint with the linter for Kubernetes API conventions compiled in.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"

	// Registers the linter kubeapilinter.
	_ "sigs.k8s.io/kube-api-linter"
)

const golangciModule = "github.com/golangci/golangci-lint/v2"

func main() {
	info := commands.BuildInfo{GoVersion: runtime.Version(), Version: golangciVersion()}
	if err := commands.Execute(info); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitcodes.Failure)
	}
}

// golangciVersion is the version of golangci-lint that is compiled in.
func golangciVersion() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range build.Deps {
		if module.Path == golangciModule {
			return module.Version
		}
	}
	return "unknown"
}
