package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// startOf names the moment a process began: the boot's id and the clock ticks
// since that boot. A process id that was given to another process, or that
// outlived a reboot in a file, has another start. It fails for a process that is
// gone or only waits to be reaped.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	ticks, err := startTicks(string(stat))
	if err != nil {
		return "", fmt.Errorf("process %d: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(boot)) + "/" + ticks, err
}

// startTicks reads the 22nd field of a line of /proc/PID/stat. The second field,
// the program's name in parentheses, may itself hold spaces and parentheses.
func startTicks(stat string) (string, error) {
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 20 {
		return "", fmt.Errorf("cannot read its status %q", stat)
	}
	if state := fields[0]; state == "Z" || state == "X" {
		return "", fmt.Errorf("it has ended")
	}
	return fields[19], nil
}

// processesMarked lists the processes whose environment holds entry, which is
// NAME=VALUE. Processes of other users are left out.
func processesMarked(entry string) []int {
	var found []int
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, environ := range environs {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(environ)))
		if err == nil && pid != os.Getpid() && hasEntry(environ, entry) {
			found = append(found, pid)
		}
	}
	return found
}

func hasEntry(environ, entry string) bool {
	data, err := os.ReadFile(environ)
	if err != nil {
		return false
	}
	for _, have := range bytes.Split(data, []byte{0}) {
		if string(have) == entry {
			return true
		}
	}
	return false
}

// programOf is the name by which a process was called; empty when it is gone.
func programOf(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	program, _, _ := strings.Cut(string(line), "\x00")
	return program
}
