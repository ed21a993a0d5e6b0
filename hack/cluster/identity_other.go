//go:build !linux

package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// startOf names the moment a process began, as ps prints it. It fails for a
// process that is gone.
func startOf(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	start := strings.TrimSpace(string(out))
	if err != nil || start == "" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return start, nil
}

// processesMarked finds nothing on systems that hide a process's environment.
func processesMarked(string) []int {
	return nil
}

// programOf is never asked, for want of processes to ask about.
func programOf(int) string {
	return ""
}
