package controlplane

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// Process is a program that was started here. Only such a one is ever ended, by its id.
type Process struct {
	// Name of the program.
	Name string
	// Log is the file of its output; a process that is started again appends to it.
	Log  string
	cmd  *exec.Cmd
	done chan struct{}
}

var running struct {
	sync.Mutex
	list map[*Process]bool
}

// StartProcess runs a program with its output in NAME.log of a folder. It ends with this process.
func StartProcess(name, dir string, env []string, path string, args ...string) (*Process, error) {
	p := &Process{Name: name, Log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = log, log, dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = dieWithParent()
	running.Lock()
	defer running.Unlock()
	if err := p.begin(log); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if running.list == nil {
		running.list = map[*Process]bool{}
	}
	running.list[p] = true
	return p, nil
}

// begin starts the program from a thread that is kept: the kernel ends the program when that thread ends.
func (p *Process) begin(log *os.File) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		_ = log.Close()
		close(p.done)
	}()
	return <-started
}

// Stop asks a process to end, and kills it when it does not within 10 seconds.
func (p *Process) Stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	p.forget()
}

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal to the process.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends a process without notice.
func (p *Process) Kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	p.forget()
}

func (p *Process) forget() {
	running.Lock()
	defer running.Unlock()
	delete(running.list, p)
}

// StopAll ends whatever is left.
func StopAll() {
	running.Lock()
	var left []*Process
	for p := range running.list {
		left = append(left, p)
	}
	running.Unlock()
	for _, p := range left {
		p.Kill()
	}
}

// Alive returns an error with the end of the log when the process has ended.
func (p *Process) Alive() error {
	select {
	case <-p.done:
		text, _ := os.ReadFile(p.Log)
		return fmt.Errorf("%s ended by itself; the end of %s:\n%s", p.Name, p.Log, text[max(0, len(text)-2000):])
	default:
		return nil
	}
}

// CPU is the processor time that a process used so far.
func (p *Process) CPU() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// Resident is the resident memory of a process in bytes.
func (p *Process) Resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// FreePorts returns loopback ports that were free a moment ago.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Poll asks until it is told yes, an error, or the deadline passes.
func Poll(ctx context.Context, every, limit time.Duration, what string, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if done, err := ask(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w after %s", what, ctx.Err(), limit)
		case <-ticker.C:
		}
	}
}
