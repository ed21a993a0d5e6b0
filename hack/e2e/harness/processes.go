package harness

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"golang.org/x/sys/unix"
)

// Freeze stops the processes of a pod without ending them: they hold their connections and answer nothing. It returns what lets
// them go on, which is called at the end of the test at the latest.
func (n *Namespace) Freeze(pod string) (thaw func()) {
	n.t.Helper()
	processes := n.processes(pod)
	send(processes, unix.SIGSTOP)
	thaw = func() { send(processes, unix.SIGCONT) }
	n.t.Cleanup(thaw)
	return thaw
}

// Kill ends the processes of a pod as the kernel does that has no memory left.
func (n *Namespace) Kill(pod string) {
	n.t.Helper()
	send(n.processes(pod), unix.SIGKILL)
}

func (n *Namespace) processes(pod string) []int {
	n.t.Helper()
	object := &corev1.Pod{}
	if err := n.Get(object, pod); err != nil {
		n.t.Fatal(err)
	}
	processes := processesOf(string(object.UID))
	if len(processes) == 0 {
		n.t.Fatalf("pod %s has no process on this machine", pod)
	}
	return processes
}

func send(processes []int, signal unix.Signal) {
	for _, process := range processes {
		_ = unix.Kill(process, signal) // one that has ended meanwhile needs no signal
	}
}

// processesOf are the processes of a pod's containers: their control group names the pod.
func processesOf(uid string) []int {
	groups, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	var processes []int
	for _, group := range groups {
		content, err := os.ReadFile(group)
		if err != nil || !strings.Contains(strings.ReplaceAll(string(content), "_", "-"), uid) {
			continue
		}
		if process, err := strconv.Atoi(filepath.Base(filepath.Dir(group))); err == nil {
			processes = append(processes, process)
		}
	}
	return processes
}
