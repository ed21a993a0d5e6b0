// Command record takes down what the operator renders, when a version is released:
//
//	go run -C hack/e2e ./campaign/upgrade/record v0.1.0
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/stackwright/stackwright/hack/e2e/campaign/upgrade"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: record VERSION")
		os.Exit(2)
	}
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Dir(filepath.Dir(file))
	if err := upgrade.Record(filepath.Join(folder, "..", "..", "..", ".."), filepath.Join(folder, "testdata", os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}
