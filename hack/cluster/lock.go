package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockFile takes the lock at path and returns what gives it back. It waits while
// another launcher has it, says so once with what, and ends with ctx. The kernel
// gives the lock back when this process ends, however it ends.
func lockFile(ctx context.Context, path, what string) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		file, err := tryLock(path)
		if file != nil || err != nil {
			return func() { file.Close() }, err
		}
		if !told {
			say("waiting for another launcher that works on %s", what)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("gave up waiting for the lock %s: %w", path, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// tryLock returns the locked file, or nil when another process has the lock. A
// file that its last owner deleted before giving it back is no lock any more.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		mine, errMine := file.Stat()
		present, errPresent := os.Stat(path)
		if errMine == nil && errPresent == nil && os.SameFile(mine, present) {
			return file, nil
		}
	}
	return nil, file.Close()
}
