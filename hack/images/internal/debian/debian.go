// Package debian makes root file systems out of Debian packages.
package debian

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stackwright/stackwright/hack/images/internal/progress"
)

// RootFS describes a root file system. All of it counts for the content key.
type RootFS struct {
	Suite    string
	Packages []string
	// Exclude holds path patterns that dpkg leaves out.
	Exclude []string
	// Users exist before any package is configured, so that their numbers do
	// not depend on the order in which packages happen to be installed.
	Users []User
	// Prepare and Finish are shell commands with the root in "$1", run before
	// and after the packages are configured.
	Prepare []string
	Finish  []string
	// Checks are commands that must work inside, as an unprivileged user.
	Checks []string
	// Path is the PATH of the checks.
	Path string
	// Options are further settings of apt. The release file of a suite that moves can be past its date on a mirror.
	Options []string `json:",omitempty"`
}

// User is an account with a group of the same name and number.
type User struct {
	Name string
	ID   int
	Home string
}

// Unprivileged is the user that checks run as, and the user of every image that
// is given no other one.
const Unprivileged = 65532

// Make writes the root file system as a tar to out. A log of the whole run is
// kept at logPath and named when the run fails.
func Make(ctx context.Context, root RootFS, out, logPath string, report *progress.Reporter) error {
	if err := Ensure(ctx, "mmdebstrap", report); err != nil {
		return err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("make the build log: %w", err)
	}
	defer log.Close()
	cmd, err := command(ctx, arguments(root, out), filepath.Join(filepath.Dir(out), "root"))
	if err != nil {
		return err
	}
	output, follow := follower(log, report)
	cmd.Stdout, cmd.Stderr = output, output
	err = cmd.Run()
	output.Close()
	last := <-follow
	if ctx.Err() != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return fmt.Errorf("the build was interrupted: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("mmdebstrap: %w: %s (whole log: %s)", err, last, logPath)
	}
	return nil
}

// command runs mmdebstrap on the scratch directory. Root gets a mount namespace
// of its own with memory mounted there: that is much faster than a disk, and
// whatever is mounted vanishes with the processes, however they end.
func command(ctx context.Context, args []string, scratch string) (*exec.Cmd, error) {
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return nil, fmt.Errorf("make the scratch directory: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 && memoryAvailable() >= scratchMemory {
		script := fmt.Sprintf(`mount -t tmpfs -o mode=755,size=%d tmpfs "$TMPDIR" && exec mmdebstrap "$@"`, scratchMemory)
		cmd = exec.CommandContext(ctx, "sh", append([]string{"-c", script, "sh"}, args...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Unshareflags: syscall.CLONE_NEWNS}
	}
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
	// The whole group is told to end: mmdebstrap waits for its children, which
	// would otherwise go on with their downloads.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd, nil
}

// scratchMemory is how much memory the root file system may take while it grows.
const scratchMemory = 3 << 30

func memoryAvailable() int64 {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	return 0
}

// Ensure installs a program by the Debian package of the same name, unless the machine has it already.
func Ensure(ctx context.Context, program string, report *progress.Reporter) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	advice := fmt.Sprintf("Install it with 'apt-get install %s', then build again.", program)
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s is not installed and only root can install it. %s", program, advice)
	}
	report.Step("installing %s", program)
	for _, step := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", program}} {
		cmd := exec.CommandContext(ctx, "apt-get", step...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w: %s. %s", step[0], err, lastLine(out), advice)
		}
	}
	return nil
}

func arguments(root RootFS, out string) []string {
	args := []string{
		"--variant=minbase",
		"--include=" + strings.Join(root.Packages, ","),
		`--aptopt=APT::Install-Recommends "false"`,
		`--aptopt=Acquire::Languages "none"`,
		`--aptopt=Acquire::Retries "3"`,
		"--dpkgopt=force-unsafe-io",
		"--skip=cleanup/run",
	}
	for _, option := range root.Options {
		args = append(args, "--aptopt="+option)
	}
	for _, pattern := range root.Exclude {
		args = append(args, "--dpkgopt=path-exclude="+pattern)
	}
	for _, user := range root.Users {
		args = append(args, "--essential-hook="+account(user))
	}
	for _, command := range root.Prepare {
		args = append(args, "--essential-hook="+command)
	}
	for _, command := range root.Finish {
		args = append(args, "--customize-hook="+command)
	}
	for _, command := range root.Checks {
		args = append(args, "--customize-hook="+check(root.Path, command))
	}
	return append(args, root.Suite, out)
}

// account appends a locked account to the files that the base system ships.
func account(user User) string {
	return fmt.Sprintf(`printf '%%s\n' '%[1]s:x:%[2]d:%[2]d::%[3]s:/usr/sbin/nologin' >>"$1/etc/passwd" && `+
		`printf '%%s\n' '%[1]s:x:%[2]d:' >>"$1/etc/group" && `+
		`printf '%%s\n' '%[1]s:!:20000::::::' >>"$1/etc/shadow"`, user.Name, user.ID, user.Home)
}

func check(path, command string) string {
	return fmt.Sprintf(`chroot --userspec=%[1]d:%[1]d "$1" env -i PATH=%[2]s HOME=/tmp LANG=C.UTF-8 %[3]s >/dev/null `+
		`|| { echo 'E: check failed: %[3]s' >&2; exit 1; }`, Unprivileged, path, command)
}

// follower copies output to the log and reports the lines that announce a step.
// The channel yields the last error line once the writer is closed.
func follower(log io.Writer, report *progress.Reporter) (io.WriteCloser, <-chan string) {
	reader, writer := io.Pipe()
	last := make(chan string, 1)
	go func() {
		failure := ""
		scanner := bufio.NewScanner(io.TeeReader(reader, log))
		for scanner.Scan() {
			line := scanner.Text()
			if step, ok := strings.CutPrefix(line, "I: "); ok && strings.HasSuffix(step, "...") {
				report.Step("%s", strings.TrimSuffix(step, "..."))
			}
			if text, ok := strings.CutPrefix(line, "E: "); ok && failure == "" {
				failure = text
			}
		}
		io.Copy(log, reader)
		last <- failure
	}()
	return writer, last
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}
