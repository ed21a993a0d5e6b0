package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Record is what is written down of a started process, to find it again and to
// tell it from a later process with the same id.
type Record struct {
	PID         int
	Start       string // as startOf gives it
	Fingerprint string // of the program, its arguments and its files
}

func readRecord(path string) (Record, error) {
	var record Record
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &record)
	}
	return record, err
}

// newRecord describes the running process pid.
func newRecord(pid int, fingerprint string) (Record, error) {
	start, err := startOf(pid)
	return Record{PID: pid, Start: start, Fingerprint: fingerprint}, err
}

func (r Record) save(path string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(path, data, 0o644)
}

// alive reports whether the very process that was recorded still runs.
func (r Record) alive() bool {
	if r.PID <= 1 {
		return false
	}
	start, err := startOf(r.PID)
	return err == nil && start == r.Start
}

// stop asks the process to end, and ends it after grace. It fails only when the
// process survives that for five seconds.
func (r Record) stop(grace time.Duration) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, grace}, {syscall.SIGKILL, 5 * time.Second}} {
		if !r.alive() {
			return nil
		}
		if err := syscall.Kill(r.PID, step.signal); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("cannot signal process %d: %w", r.PID, err)
		}
		r.waitGone(step.wait)
	}
	if r.alive() {
		return fmt.Errorf("process %d does not end, even killed", r.PID)
	}
	return nil
}

func (r Record) waitGone(limit time.Duration) {
	for end := time.Now().Add(limit); r.alive() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// recordPath is where the record of the component called name is kept.
func (c *Cluster) recordPath(name string) string {
	return filepath.Join(c.Dir, "run", name+".json")
}
