package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// sleeper is a child process that ends with the test at the latest.
func sleeper(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reaped := make(chan struct{})
	go func() { _ = cmd.Wait(); close(reaped) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-reaped })
	return cmd
}

func TestRecordFindsItsProcess(t *testing.T) {
	record, err := newRecord(sleeper(t).Process.Pid, "print")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "record.json")
	if err := record.save(path); err != nil {
		t.Fatal(err)
	}
	read, err := readRecord(path)
	if err != nil || read != record || !read.alive() {
		t.Fatalf("read %+v (%v) of %+v", read, err, record)
	}
	if err := read.stop(time.Second); err != nil || read.alive() {
		t.Errorf("the process did not end: %v", err)
	}
}

func TestRecordOfAnotherProcessWithTheSameID(t *testing.T) {
	child := sleeper(t)
	record := Record{PID: child.Process.Pid, Start: "an earlier boot/1"}
	if record.alive() {
		t.Error("a process with another start is taken for the recorded one")
	}
	if err := record.stop(time.Second); err != nil {
		t.Error(err)
	}
	if _, err := startOf(child.Process.Pid); err != nil {
		t.Error("the other process was ended")
	}
}

func TestEmptyRecordIsNoProcess(t *testing.T) {
	if (Record{}).alive() || (Record{PID: 1}).alive() {
		t.Error("a record of nothing is alive")
	}
}
