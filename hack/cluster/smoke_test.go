//go:build smoke

package main

import (
	"context"
	_ "embed"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed testdata/smoke.yaml
var smokeObjects string

// TestSmoke starts a cluster with a real node, uses each of its parts, breaks it,
// repairs it and takes it down. It needs root on Linux, and minutes when nothing
// is built yet.
func TestSmoke(t *testing.T) {
	if defaultNode() != nodeReal {
		t.Skip("a real node needs root on Linux")
	}
	ctx := context.Background()
	folders, err := findFolders()
	if err != nil {
		t.Fatal(err)
	}
	folders.State = filepath.Join(t.TempDir(), "s")
	t.Cleanup(func() {
		if err := downCommand(ctx, folders, []string{"--name", "smoke"}); err != nil {
			t.Error(err)
		}
	})
	must(t, upCommand(ctx, folders, []string{"--name", "smoke"}))
	must(t, loadCommand(ctx, folders, []string{"--name", "smoke", probeImage(t)}))
	c, err := openStarted(folders, "smoke")
	must(t, err)
	s := smoke{t: t, c: c}
	s.deploy()
	t.Run("names", s.names)
	t.Run("API server", s.apiServer)
	t.Run("volume", s.volume)
	t.Run("load balancer", s.loadBalancer)
	t.Run("autoscaling", s.autoscaling)
	t.Run("repair", s.repair)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// probeImage builds the probe into an image archive.
func probeImage(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "probe")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	archive, err := imageOf("localhost/probe:1", program)
	must(t, err)
	path := program + ".tar"
	must(t, writeFile(path, archive, 0o644))
	return path
}

// smoke is a running cluster under test.
type smoke struct {
	t *testing.T
	c *Cluster
}

// kubectl returns what a call prints, or fails the test with it.
func (s smoke) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.c.kubectl(context.Background(), append([]string{"-n", "smoke"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// probe runs a command of the probe in its pod.
func (s smoke) probe(t *testing.T, args ...string) string {
	t.Helper()
	return s.kubectl(t, append([]string{"exec", "deploy/probe", "--", "/probe"}, args...)...)
}

func (s smoke) deploy() {
	s.t.Helper()
	apply := s.c.kubectl(context.Background(), "apply", "-f", "-")
	apply.Stdin = strings.NewReader(smokeObjects)
	if out, err := apply.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	s.kubectl(s.t, "rollout", "status", "deploy/probe", "--timeout=90s")
	if got := s.kubectl(s.t, "logs", "deploy/probe"); got != "serving" {
		s.t.Errorf("the log is %q", got)
	}
}

func (s smoke) names(t *testing.T) {
	address := s.kubectl(t, "get", "service", "probe", "-o", "jsonpath={.spec.clusterIP}")
	for _, name := range []string{"probe", "probe.smoke", "probe.smoke.svc.cluster.local"} {
		if got := s.probe(t, "lookup", name); got != "["+address+"]" {
			t.Errorf("%s is %s, want %s", name, got, address)
		}
	}
	if got := s.probe(t, "get", "http://probe/"); got != "200" {
		t.Errorf("the pod's own Service answers it with %s", got)
	}
}

func (s smoke) apiServer(t *testing.T) {
	if got := s.probe(t, "get", "https://kubernetes.default.svc/version"); got != "200" {
		t.Errorf("the API server answers %s", got)
	}
}

func (s smoke) volume(t *testing.T) {
	s.probe(t, "write", "/data/file", "text")
	volume := s.kubectl(t, "get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}")
	if got, err := os.ReadFile(filepath.Join(s.c.Dir, "volumes", volume, "file")); string(got) != "text" {
		t.Errorf("the volume holds %q (%v)", got, err)
	}
	s.kubectl(t, "patch", "pvc", "data", "--type=merge", "-p", `{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}`)
	s.kubectl(t, "wait", "pvc/data", "--for=jsonpath={.status.capacity.storage}=2Gi", "--timeout=20s")
}

func (s smoke) loadBalancer(t *testing.T) {
	response, err := http.Get(s.balancerURL(t))
	must(t, err)
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "hello\n" {
		t.Errorf("got %q (%v)", body, err)
	}
}

func (s smoke) balancerURL(t *testing.T) string {
	t.Helper()
	const address = "jsonpath={.status.loadBalancer.ingress[0].ip}"
	s.kubectl(t, "wait", "service/probe", "--for="+address, "--timeout=20s")
	return "http://" + s.kubectl(t, "get", "service", "probe", "-o", address) + "/"
}

// autoscaling takes the interval of the metrics and of the controller twice.
func (s smoke) autoscaling(t *testing.T) {
	url := s.balancerURL(t) + "burn"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		if request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil); err == nil {
			_, _ = http.DefaultClient.Do(request)
		}
	}()
	s.kubectl(t, "wait", "hpa/probe", "--for=jsonpath={.status.desiredReplicas}=2", "--timeout=120s")
}

func (s smoke) repair(t *testing.T) {
	for _, name := range []string{"kube-apiserver", "containerd", "kubelet"} {
		record, err := readRecord(s.c.recordPath(name))
		must(t, err)
		must(t, record.stop(0))
	}
	if err := statusCommand(context.Background(), s.c.folders, []string{"--name", "smoke"}); err == nil {
		t.Error("status does not tell that processes have ended")
	}
	must(t, upCommand(context.Background(), s.c.folders, []string{"--name", "smoke"}))
	must(t, statusCommand(context.Background(), s.c.folders, []string{"--name", "smoke"}))
	time.Sleep(3 * time.Second) // in which the kubelet finds its pods again
	s.names(t)
}
