package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// killDelay is how long a program may take to end after an interrupt.
const killDelay = 10 * time.Second

// newCommand returns a command that is interrupted, not killed, when the demo ends.
func newCommand(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = killDelay
	return cmd
}

// show runs a program whose progress is for the user to see.
func show(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

// capture runs a program and returns what it prints; its error carries what it complains of.
func capture(cmd *exec.Cmd) (string, error) {
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(complaints.String()))
	}
	return out.String(), nil
}

// kubectl is a kubectl for one cluster.
type kubectl struct {
	program string
	flags   []string
}

func (k kubectl) command(ctx context.Context, input io.Reader, args ...string) *exec.Cmd {
	cmd := newCommand(ctx, "", k.program, append(append([]string{}, k.flags...), args...)...)
	cmd.Stdin = input
	return cmd
}

func (k kubectl) output(ctx context.Context, input io.Reader, args ...string) (string, error) {
	return capture(k.command(ctx, input, args...))
}
