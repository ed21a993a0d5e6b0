package mysql

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/part"
)

// nobody runs the containers when the test runs as root: the server refuses to.
const nobody = 65534

// machine runs the containers of built objects as processes, with the paths of the containers moved into folders of the test.
type machine struct {
	t       *testing.T
	folder  string
	service *part.Service
	output  part.Output
	// backup is the output of the last backup's Job.
	backup  part.Output
	secrets map[string]map[string]string
	port    string
}

// ports are given to machines that run side by side, below those that connections get.
var ports atomic.Int32

// programs is where the server's programs are looked for.
var programs = cmp.Or(os.Getenv("STACKWRIGHT_TEST_PATH"), "/usr/sbin:/usr/bin:/bin")

// newMachine finds the server's programs, or skips the test.
func newMachine(t *testing.T) *machine {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("NOT TESTED: -short leaves out the tests with a real server")
	}
	version := serverVersion()
	if _, ok := releases.Served[version]; !ok {
		message := "NOT TESTED: no MySQL in " + programs + "; the scripts were not run against a real server"
		if os.Getenv("STACKWRIGHT_NEEDS_MYSQL") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	folder, err := os.MkdirTemp("/tmp", "swmy") // short: the path of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	own(t, folder)
	t.Logf("MySQL %s", version)
	return &machine{
		t: t, folder: folder, service: &part.Service{Image: part.Image{Version: version}}, secrets: map[string]map[string]string{},
		port: strconv.Itoa(10000 + os.Getpid()%450*20 + int(ports.Add(1))),
	}
}

// serverVersion is the release of the server, or empty.
func serverVersion() string {
	command := exec.Command("sh", "-c", `mysqld --no-defaults --version | sed 's/.*Ver \([0-9]*\.[0-9]*\).*/\1/'`)
	command.Env = []string{"PATH=" + programs}
	output, _ := command.Output()
	return strings.TrimSpace(string(output))
}

func own(t *testing.T, path string) {
	t.Helper()
	if os.Getuid() == 0 {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
}

// build builds the objects of the service as it is now.
func (m *machine) build() {
	m.t.Helper()
	output, err := build(m.service)
	if err != nil {
		m.t.Fatal(err)
	}
	m.output = output
}

// pod is a pod whose volumes are folders.
type pod struct {
	machine *machine
	name    string
	spec    corev1.PodSpec
	folder  string
	address string
	server  *exec.Cmd
	log     *bytes.Buffer
}

// pod returns the pod of a StatefulSet, or of the Job.
func (m *machine) pod(name, address string) *pod {
	m.t.Helper()
	result := &pod{machine: m, name: name, address: address, folder: filepath.Join(m.folder, name), log: &bytes.Buffer{}}
	for _, object := range slices.Concat(m.output.Objects, m.backup.Objects) {
		switch workload := object.(type) {
		case *appsv1.StatefulSet:
			if ordinal, found := strings.CutPrefix(name, workload.Name+"-"); found && !strings.Contains(ordinal, "-") {
				result.spec = workload.Spec.Template.Spec
			}
		case *batchv1.Job:
			if name == workload.Name {
				result.spec = workload.Spec.Template.Spec
			}
		}
	}
	if len(result.spec.Containers) == 0 {
		m.t.Fatalf("no pod %s", name)
	}
	result.mount()
	return result
}

// local moves the paths, the port and the hosts of a text to this machine.
func (p *pod) local(text string) string {
	return strings.NewReplacer(
		corev1.TerminationMessagePathDefault, p.folder+"/report", "/stackwright/", p.folder+"/stackwright/", socketsPath, p.folder+"/run", "/tmp/", p.folder+"/tmp/",
		`bind_address = "*"`, `bind_address = "`+p.address+`"`, strconv.Itoa(port), p.machine.port, replicated.Host(p.machine.service), primaryAddress,
	).Replace(text)
}

// primaryAddress and copyAddress are where servers listen.
const primaryAddress, copyAddress = "127.0.0.1", "127.0.0.2"

// mount fills the folders of the volumes; what is in the claim and in the empty folders stays.
func (p *pod) mount() {
	for _, container := range slices.Concat(p.spec.InitContainers, p.spec.Containers) {
		for _, mount := range container.VolumeMounts {
			path := p.local(mount.MountPath + "/")
			p.must(os.MkdirAll(path, 0o755))
			own(p.machine.t, path)
			for name, content := range p.content(mount.Name) {
				file := filepath.Join(path, name)
				p.must(os.MkdirAll(filepath.Dir(file), 0o755))
				_ = os.Remove(file)
				p.must(os.WriteFile(file, []byte(content), 0o400))
				own(p.machine.t, file)
			}
		}
	}
}

func (p *pod) must(err error) {
	p.machine.t.Helper()
	if err != nil {
		p.machine.t.Fatal(err)
	}
}

// content is what a volume shows.
func (p *pod) content(volume string) map[string]string {
	result := map[string]string{}
	for _, v := range p.spec.Volumes {
		switch {
		case v.Name != volume:
		case v.ConfigMap != nil:
			for name, content := range p.configured(v.ConfigMap.Name) {
				result[name] = p.local(content)
			}
		case v.Secret != nil:
			maps.Copy(result, p.machine.secrets[v.Secret.SecretName])
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				for _, item := range source.Secret.Items {
					result[item.Path] = p.machine.secrets[source.Secret.Name][item.Key]
				}
			}
		}
	}
	return result
}

// configured is the content of a ConfigMap.
func (p *pod) configured(name string) map[string]string {
	for _, object := range slices.Concat(p.machine.output.Objects, p.machine.backup.Objects) {
		if config, ok := object.(*corev1.ConfigMap); ok && config.Name == name {
			return config.Data
		}
	}
	return nil
}

// command prepares a process of a container; an empty list of arguments is the container's own command.
func (p *pod) command(container corev1.Container, arguments ...string) *exec.Cmd {
	if len(arguments) == 0 {
		arguments = container.Command
	}
	arguments = slices.Clone(arguments)
	for i := range arguments {
		arguments[i] = p.local(arguments[i])
	}
	command := exec.Command("sh", append([]string{"-c", `exec "$@"`, "sh"}, arguments...)...)
	command.Env = []string{"PATH=" + programs}
	for _, variable := range container.Env {
		value := variable.Value
		if from := variable.ValueFrom; from != nil && from.SecretKeyRef != nil {
			value = p.machine.secrets[from.SecretKeyRef.Name][from.SecretKeyRef.Key]
		} else if from != nil {
			value = p.name
		}
		command.Env = append(command.Env, variable.Name+"="+p.local(value))
	}
	command.Dir = p.folder
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return command
}

// run runs a container of the pod to its end.
func (p *pod) run(container corev1.Container, arguments ...string) (string, error) {
	output, err := p.command(container, arguments...).CombinedOutput()
	return string(output), err
}

// prepare runs the init container, and must succeed.
func (p *pod) prepare() string {
	p.machine.t.Helper()
	output, err := p.run(p.spec.InitContainers[0])
	if err != nil {
		p.machine.t.Fatalf("prepare of %s: %v\n%s", p.name, err, output)
	}
	return output
}

// refuses runs the init container, which must fail with the words.
func (p *pod) refuses(what, words string) {
	p.machine.t.Helper()
	if output, err := p.run(p.spec.InitContainers[0]); err == nil || !strings.Contains(output, words) {
		p.machine.t.Errorf("%s: %v, without %q:\n%s", what, err, words, output)
	}
}

// probe runs a probe of the server.
func (p *pod) probe(probe *corev1.Probe) (string, error) {
	return p.run(p.spec.Containers[0], probe.Exec.Command...)
}

// start starts the server and waits until it is ready.
func (p *pod) start() {
	p.machine.t.Helper()
	p.server = p.command(p.spec.Containers[0])
	p.server.Stdout, p.server.Stderr = p.log, p.log
	p.must(p.server.Start())
	p.machine.t.Cleanup(p.kill)
	p.eventually(p.name+" is ready", func() error {
		output, err := p.probe(p.spec.Containers[0].ReadinessProbe)
		if err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		return nil
	})
	if output, err := p.probe(p.spec.Containers[0].LivenessProbe); err != nil {
		p.machine.t.Fatalf("%s is ready and not alive: %v %s", p.name, err, output)
	}
}

func (p *pod) eventually(what string, check func() error) {
	p.machine.t.Helper()
	var err error
	for range 900 { // a busy machine
		if err = check(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.machine.t.Fatalf("%s: %v\n%s", what, err, p.log)
}

// stop sends the signal that Kubernetes sends.
func (p *pod) stop() {
	p.machine.t.Helper()
	p.must(p.server.Process.Signal(syscall.SIGTERM))
	if err := p.server.Wait(); err != nil {
		p.machine.t.Errorf("%s ended with %v\n%s", p.name, err, p.log)
	}
	p.server = nil
}

// kill ends the server as a crash of the node would.
func (p *pod) kill() {
	if p.server == nil {
		return
	}
	p.crash()
	var exit *exec.ExitError
	if err := p.server.Wait(); err != nil && !errors.As(err, &exit) {
		p.machine.t.Error(err)
	}
	p.server = nil
}

// crash kills every process of the pod at once, as the end of a container does.
func (p *pod) crash() {
	for range 3 { // processes that were being started
		found, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range found {
			environment, _ := os.ReadFile(path)
			if bytes.Contains(environment, []byte("DATADIR="+p.folder+"/")) {
				if id, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
					_ = syscall.Kill(id, syscall.SIGKILL)
				}
			}
		}
	}
}
