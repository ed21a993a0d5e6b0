package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Component is one process of a cluster.
type Component struct {
	Name   string
	Path   string        // of the program
	Args   []string      // without the program's own name
	Files  []string      // configuration: a change of their content restarts the process
	Health string        // a URL that answers 200 when the process serves; empty when there is none
	Socket string        // a file that exists when the process serves; empty when there is none
	Grace  time.Duration // for an orderly end
	Limit  time.Duration // to become healthy
}

// markVariable is set in the environment of every process of a cluster, with the
// cluster's folder as value, and passed on to what these processes start.
const markVariable = "STACKWRIGHT_CLUSTER_FOLDER"

func (c *Cluster) mark() string {
	return markVariable + "=" + c.Dir
}

// fingerprint changes when the process has to be started anew.
func (p Component) fingerprint() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", append([]string{p.Path}, p.Args...))
	for _, path := range p.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%d:", len(data))
		sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// ensure starts the component unless it already runs as it should, and waits
// until it is healthy. It reports whether it had to start it.
func (c *Cluster) ensure(ctx context.Context, p Component) (started bool, err error) {
	fingerprint, err := p.fingerprint()
	if err != nil {
		return false, fmt.Errorf("cannot prepare %s: %w", p.Name, err)
	}
	record, err := readRecord(c.recordPath(p.Name))
	if err == nil && record.alive() && record.Fingerprint == fingerprint {
		return false, c.awaitHealthy(ctx, p, record)
	}
	if err := record.stop(p.Grace); err != nil {
		return false, fmt.Errorf("cannot restart %s: %w", p.Name, err)
	}
	if err := c.stopUnrecorded(p); err != nil {
		return false, fmt.Errorf("cannot restart %s: %w", p.Name, err)
	}
	record, err = c.start(p, fingerprint)
	if err != nil {
		return false, fmt.Errorf("cannot start %s: %w", p.Name, err)
	}
	return true, c.awaitHealthy(ctx, p, record)
}

// stopUnrecorded ends a process of this component that a launcher started and,
// killed in between, could not record.
func (c *Cluster) stopUnrecorded(p Component) error {
	for _, pid := range processesMarked(c.mark()) {
		if programOf(pid) != p.Path {
			continue
		}
		record, err := newRecord(pid, "")
		if err != nil {
			continue
		}
		if err := record.stop(p.Grace); err != nil {
			return err
		}
	}
	return nil
}

// start runs the component on its own, so that it outlives the launcher, with
// its output added to its log.
func (c *Cluster) start(p Component, fingerprint string) (Record, error) {
	log, err := c.openLog(p.Name)
	if err != nil {
		return Record{}, err
	}
	defer log.Close()
	argv := c.inNetwork(append([]string{p.Path}, p.Args...))
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, log, log
	cmd.Env = append(c.environment(), c.mark())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Record{}, err
	}
	go func() { _ = cmd.Wait() }()
	record, err := newRecord(cmd.Process.Pid, fingerprint)
	if err != nil {
		return Record{}, errors.New("it ended at once" + c.lastWords(p.Name))
	}
	return record, record.save(c.recordPath(p.Name))
}

func (c *Cluster) openLog(name string) (*os.File, error) {
	path := c.logPath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

func (c *Cluster) logPath(name string) string {
	return filepath.Join(c.Dir, "logs", name+".log")
}

// awaitHealthy returns when the component serves, or with what its log says last
// when the process ends or its limit passes.
func (c *Cluster) awaitHealthy(ctx context.Context, p Component, record Record) error {
	stop := showProgress(func(elapsed time.Duration) string {
		return fmt.Sprintf("waiting for %s (%s)", p.Name, rounded(elapsed))
	})
	defer stop()
	for end := time.Now().Add(p.Limit); ; {
		if p.healthy(ctx) {
			return nil
		}
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("stopped while waiting for %s: %w", p.Name, ctx.Err())
		case !record.alive():
			return fmt.Errorf("%s ended%s", p.Name, c.lastWords(p.Name))
		case time.Now().After(end):
			return fmt.Errorf("%s is not healthy after %s%s", p.Name, p.Limit, c.lastWords(p.Name))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// healthy asks the component once.
func (p Component) healthy(ctx context.Context) bool {
	if p.Socket != "" {
		return exists(p.Socket)
	}
	return p.Health == "" || answersOK(ctx, p.Health)
}

// probeClient does not verify certificates: it learns only whether the
// cluster's own processes answer, and sends no secrets.
var probeClient = &http.Client{
	Timeout:   2 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
}

func answersOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := probeClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

// lastWords is the end of a component's log, for an error message.
func (c *Cluster) lastWords(name string) string {
	path := c.logPath(name)
	data, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines = lines[max(0, len(lines)-8):]
	return fmt.Sprintf("; the end of %s:\n  %s", path, strings.Join(lines, "\n  "))
}
