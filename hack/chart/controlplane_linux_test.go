package chart

import (
	"os/exec"
	"syscall"
)

// endWithParent makes a process end together with the test, also when the test is killed.
func endWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
