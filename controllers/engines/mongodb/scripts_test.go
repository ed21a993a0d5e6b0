package mongodb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScriptsThatDecide runs what decides, under node: how a set gets the members that are wanted, against one that is played with the
// rules of the server, and what the plan of the logins means. No server of MongoDB is in Debian or among Go's modules, so that what the
// scripts say to one is not tried here; docs/mongodb.md tells what was.
func TestScriptsThatDecide(t *testing.T) {
	folder, err := filepath.Abs("scripts")
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(node(t), filepath.Join("testdata", "set_test.js"), folder).CombinedOutput() //nolint:gosec // a test's own
	if err != nil || strings.Count(string(output), "ok: ") < 10 {
		t.Errorf("%v\n%s", err, output)
	}
}

// node is the interpreter; the pipeline installs it where it is missing.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "" {
		t.Skip("node is missing: install nodejs to try the scripts")
	}
	if output, err := exec.Command("apt-get", "install", "--yes", "--no-install-recommends", "nodejs").CombinedOutput(); err != nil {
		t.Fatalf("nodejs is missing and cannot be installed: %v\n%s", err, output)
	}
	if path, err = exec.LookPath("node"); err != nil {
		t.Fatal(err)
	}
	return path
}
