package debian

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/images/internal/progress"
)

var sample = RootFS{
	Suite:    "trixie",
	Packages: []string{"one", "two"},
	Exclude:  []string{"/usr/share/doc/*"},
	Users:    []User{{Name: "engine", ID: 110, Home: "/var/lib/engine"}},
	Checks:   []string{`sh -c "true"`},
	Path:     "/bin",
}

func TestArgumentsNameSuiteAndTargetLast(t *testing.T) {
	args := arguments(sample, "/tmp/out.tar")
	if got := args[len(args)-2:]; got[0] != "trixie" || got[1] != "/tmp/out.tar" {
		t.Errorf("the last arguments are %v", got)
	}
	for _, want := range []string{"--include=one,two", "--dpkgopt=path-exclude=/usr/share/doc/*"} {
		if !slices.Contains(args, want) {
			t.Errorf("%s is missing from %v", want, args)
		}
	}
}

func TestAccountHookWritesAUserThatIsChecked(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("sh", "-c", account(sample.Users[0]), "sh", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	passwd, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckUsers(passwd, sample.Users); err != nil {
		t.Error(err)
	}
	err = CheckUsers([]byte("engine:x:999:110::/:/bin/sh\n"), sample.Users)
	if err == nil || !strings.Contains(err.Error(), "catalog.yaml") {
		t.Errorf("got %v, want the files to change", err)
	}
}

func TestFollowerReportsStepsAndTheFirstError(t *testing.T) {
	var log, shown strings.Builder
	writer, last := follower(&log, progress.New(&shown, "engines"))
	input := "I: installing packages...\nnoise\nE: check failed: postgres\nE: setup failed\n"
	if _, err := io.WriteString(writer, input); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got := <-last; got != "check failed: postgres" {
		t.Errorf("the failure is %q", got)
	}
	if log.String() != input || !strings.Contains(shown.String(), "engines: installing packages\n") {
		t.Errorf("the log is %q, shown was %q", log.String(), shown.String())
	}
}
