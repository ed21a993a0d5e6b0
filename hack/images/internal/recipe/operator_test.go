package recipe

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestOperatorWrapsAStaticProgram(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), "package main\nfunc main() {}\n")
	binary := filepath.Join(dir, "operator")
	build := exec.Command("go", "build", "-o", binary, filepath.Join(dir, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	out := filepath.Join(dir, "operator.tar")
	if err := Operator(binary, "stackwright.test/operator:dev", out); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		t.Errorf("the archive is %v (%v)", info, err)
	}
}

func TestOperatorRefusesAProgramWithALoader(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to try with")
	}
	dir := t.TempDir()
	err = Operator(shell, "stackwright.test/operator:dev", filepath.Join(dir, "x.tar"))
	if err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("got %v, want the way to link statically", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v behind", left)
	}
}
