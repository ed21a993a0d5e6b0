package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// cniFolders are where distributions put the network plugins.
var cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// debianPackages maps a program that a real node runs to the Debian package that
// has it.
var debianPackages = map[string]string{
	"runc":      "runc",
	"ip":        "iproute2",
	"nft":       "nftables",
	"iptables":  "iptables",
	"conntrack": "conntrack",
	"nsenter":   "util-linux",
	"mount":     "mount",
}

// ensurePackages installs what a real node needs of the system.
func ensurePackages(ctx context.Context) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("install these programs, by the names Debian gives their packages: %s", strings.Join(missing, " "))
	}
	say("installing Debian packages: %s", strings.Join(missing, " "))
	install := append([]string{"install", "-y", "--no-install-recommends"}, missing...)
	if aptGet(ctx, install...) == nil {
		return nil
	}
	if err := errors.Join(aptGet(ctx, "update"), aptGet(ctx, install...)); err != nil {
		return fmt.Errorf("cannot install %s: %w", strings.Join(missing, " "), err)
	}
	return nil
}

func missingPackages() []string {
	var missing []string
	for program, name := range debianPackages {
		if _, err := lookPath(program); err != nil {
			missing = append(missing, name)
		}
	}
	if cniFolder() == "" {
		missing = append(missing, "containernetworking-plugins")
	}
	slices.Sort(missing)
	return missing
}

// lookPath finds a program also where only administrators' search paths look.
func lookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	for _, dir := range []string{"/usr/sbin/", "/sbin/"} {
		if err != nil && exists(dir+program) {
			return dir + program, nil
		}
	}
	return path, err
}

// cniFolder is where this system has its network plugins; empty for nowhere.
func cniFolder() string {
	for _, dir := range cniFolders {
		if exists(dir + "/ptp") {
			return dir
		}
	}
	return ""
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}
