package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/stackwright/stackwright/hack/controlplane"
)

// Operator is the operator as a process of its own: a kill is a real one.
type Operator struct {
	// Args are given to the operator besides its addresses.
	Args []string

	binary, folder, kubeconfig string
	env                        []string

	mutex   sync.Mutex
	process *controlplane.Process
	killed  bool
	// sound is how many bytes of the log are whole lines without a crash: it is looked at all the time, and grows with every plan.
	sound int64
}

const operatorLimit = time.Minute

// Build builds the operator from a source tree into a file. Further arguments go to go build: -race, -overlay.
func Build(ctx context.Context, source, file string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-trimpath", "-buildvcs=false"}, args...), "-o", file, ".")...)
	cmd.Dir, cmd.Env = source, append(os.Environ(), "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the operator of %s: %w\n%s", source, err, output)
	}
	return nil
}

// Another is a further operator beside the lane's own, behind the same proxy, which knows it by its name. It does not run yet.
func (l *Lane) Another(name, binary string, args ...string) (*Operator, error) {
	folder := filepath.Join(l.Plane.Folder, name)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	link := filepath.Join(folder, name) // a program tells the API server what it was started as
	if err := os.Symlink(binary, link); err != nil && !os.IsExist(err) {
		return nil, err
	}
	return &Operator{binary: link, Args: args, folder: folder, kubeconfig: l.Operator.kubeconfig, env: l.Operator.env}, nil
}

// Start runs the operator until it says that it is ready.
func (o *Operator) Start(ctx context.Context) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process != nil {
		return errors.New("the operator runs already")
	}
	ports, err := controlplane.FreePorts(2)
	if err != nil {
		return err
	}
	probes := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	args := append([]string{"--metrics-bind-address=0", "--health-probe-bind-address=" + probes, "--zap-log-level=error"}, o.Args...)
	o.killed = false
	if o.process, err = controlplane.StartProcess("operator", o.folder, append(o.env, "KUBECONFIG="+o.kubeconfig), o.binary, args...); err != nil {
		return err
	}
	process := o.process
	return controlplane.Poll(ctx, 10*time.Millisecond, operatorLimit, "the operator is not ready; its output is in "+process.Log,
		func(ctx context.Context) (bool, error) {
			if err := process.Alive(); err != nil {
				return false, err
			}
			return answers(ctx, "http://"+probes+"/readyz"), nil
		})
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Kill ends the operator without warning: SIGKILL.
func (o *Operator) Kill() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process != nil {
		o.process.Kill()
		o.process, o.killed = nil, true
	}
}

// Killed says whether the operator was killed and not started since.
func (o *Operator) Killed() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.killed
}

// PID is the id of the operator's process; 0 when it does not run.
func (o *Operator) PID() int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process == nil {
		return 0
	}
	return o.process.PID()
}

// Signal sends a signal to the operator.
func (o *Operator) Signal(signal os.Signal) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.process == nil {
		return errors.New("the operator does not run")
	}
	return o.process.Signal(signal)
}

// Restart kills the operator and starts it again.
func (o *Operator) Restart(ctx context.Context) error {
	o.Kill()
	return o.Start(ctx)
}

// Use makes the next start run another binary, with other arguments.
func (o *Operator) Use(binary string, args ...string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.binary, o.Args = binary, args
}

// Log is the file of the operator's output.
func (o *Operator) Log() string { return filepath.Join(o.folder, "operator.log") }

// crashes finds what must not stand in the log (O6): a panic, a data race, a fatal error of the Go runtime.
var crashes = regexp.MustCompile(`(?m)^(panic: .*|fatal error: .*|WARNING: DATA RACE)|Observed a panic.*|recovered from panic.*`)

// Crashed returns an error when the operator ended by itself or panicked.
func (o *Operator) Crashed() error {
	o.mutex.Lock()
	process := o.process
	o.mutex.Unlock()
	if process != nil {
		if err := process.Alive(); err != nil {
			return err
		}
	}
	return o.Panicked()
}

// Ended says whether the operator runs no more, because it was killed or ended by itself.
func (o *Operator) Ended() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.process == nil || o.process.Alive() != nil
}

// Panicked returns an error when the operator's output tells of a crash.
func (o *Operator) Panicked() error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	log, err := os.Open(o.Log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	if _, err := log.Seek(o.sound, io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(log)
	if err != nil {
		return err
	}
	if at := crashes.FindIndex(text); at != nil {
		return fmt.Errorf("the operator crashed (O6):\n%s", text[at[0]:min(len(text), at[1]+3000)])
	}
	o.sound += int64(bytes.LastIndexByte(text, '\n') + 1)
	return nil
}

// Revive starts the operator again whenever it was killed, until the context ends.
func (o *Operator) Revive(ctx context.Context) error {
	for ctx.Err() == nil {
		if !o.Killed() {
			_ = pause(ctx, 5*time.Millisecond)
			continue
		}
		if err := o.Start(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
