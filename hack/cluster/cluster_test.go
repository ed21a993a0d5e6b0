package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realCluster is a cluster with certificates in a temporary folder, not started.
func realCluster(t *testing.T) *Cluster {
	t.Helper()
	c, known, err := openCluster(Folders{State: t.TempDir()}, "unit")
	if err != nil || known {
		t.Fatalf("known %v, %v", known, err)
	}
	c.Slot, c.Settings = 3, Settings{Node: nodeReal, AuditLevel: "Metadata"}
	if err := c.ensurePKI(); err != nil {
		t.Fatal(err)
	}
	return c
}

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCertificatesAreSignedAndNamed(t *testing.T) {
	c := realCluster(t)
	roots := x509.NewCertPool()
	roots.AddCert(readCertificate(t, c.pki("ca.crt")))
	api := readCertificate(t, c.pki("api.crt"))
	for _, name := range []string{"kubernetes.default.svc", "127.0.0.1", c.addresses().API.String(), c.addresses().Node.String()} {
		if err := api.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := api.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Error(err)
	}
	node := readCertificate(t, c.pki("node.crt"))
	if node.Subject.CommonName != "system:node:unit-node" || node.Subject.Organization[0] != "system:nodes" {
		t.Errorf("the node is %s", node.Subject)
	}
}

func TestCertificatesAreIssuedOnceUnlessIncomplete(t *testing.T) {
	c := realCluster(t)
	serial := func() string { return readCertificate(t, c.pki("api.crt")).SerialNumber.String() }
	first := serial()
	if err := c.ensurePKI(); err != nil || serial() != first {
		t.Errorf("issued anew: %v", err)
	}
	if err := os.Remove(c.pki("complete")); err != nil {
		t.Fatal(err)
	}
	if err := c.ensurePKI(); err != nil || serial() == first {
		t.Errorf("an incomplete set was kept: %v", err)
	}
}

func TestNodeFilesAreFilledIn(t *testing.T) {
	c := realCluster(t)
	for _, name := range []string{"containerd.toml", "cni.json", "kubelet.yaml", "corefile", "addons.yaml", "storage.yaml"} {
		text, err := c.render(name)
		if err != nil || len(text) == 0 || strings.Contains(string(text), "<no value>") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

func TestSettingsAreKept(t *testing.T) {
	folders := Folders{State: t.TempDir()}
	c, _, _ := openCluster(folders, "kept")
	if err := (upOptions{}).applyTo(c, false); err != nil {
		t.Fatal(err)
	}
	level := "RequestResponse"
	if err := (upOptions{auditLevel: &level}).applyTo(c, false); err != nil {
		t.Fatal(err)
	}
	if err := c.save(); err != nil {
		t.Fatal(err)
	}
	read, known, err := openCluster(folders, "kept")
	if err != nil || !known || read.Settings.AuditLevel != level {
		t.Fatalf("read %+v, known %v, %v", read, known, err)
	}
	if err := (upOptions{}).applyTo(read, true); err != nil || read.Settings.AuditLevel != level {
		t.Errorf("without flags the settings became %+v, %v", read.Settings, err)
	}
	other := nodeNone
	if err := (upOptions{node: &other}).applyTo(read, true); err == nil {
		t.Error("the kind of node changed under a cluster")
	}
}

func TestParseUp(t *testing.T) {
	options, err := parseUp([]string{"--control-plane-only", "--apiserver-arg=--v=2", "--apiserver-arg=--profiling=false"})
	if err != nil || *options.node != nodeNone || len(*options.apiServerArgs) != 2 || options.auditLevel != nil {
		t.Errorf("got %+v, %v", options, err)
	}
	for _, wrong := range [][]string{{"--node=cloud"}, {"--audit-level=all"}, {"extra"}} {
		if _, err := parseUp(wrong); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

func TestNamesAndLengths(t *testing.T) {
	for _, name := range []string{"", "A", "-a", "a-", "../a", strings.Repeat("a", 21)} {
		if _, _, err := openCluster(Folders{State: t.TempDir()}, name); err == nil {
			t.Errorf("%q was taken for a name", name)
		}
	}
	if checkStateLength("/"+strings.Repeat("x", maxStateLength)) == nil {
		t.Error("a folder too long for sockets was taken")
	}
}

func TestIDTellsStateFoldersApart(t *testing.T) {
	one := Cluster{Name: "dev", Dir: "/one/dev"}
	two := Cluster{Name: "dev", Dir: "/two/dev"}
	if one.id() == two.id() {
		t.Errorf("both are %s", one.id())
	}
}

func TestLoopbackPortsOfClustersDiffer(t *testing.T) {
	seen := map[int]bool{}
	for slot := range maxSlots {
		c := Cluster{Slot: slot, Settings: Settings{Node: nodeNone}}
		for _, standard := range []int{apiPort, etcdPort, etcdPeerPort, etcdHealthPort, controllerPort, schedulerPort, servicesPort} {
			if port := c.port(standard); seen[port] || port == standard {
				t.Errorf("slot %d: port %d for %d is taken", slot, port, standard)
			} else {
				seen[port] = true
			}
		}
	}
}

func TestFingerprintFollowsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	component := Component{Path: "/bin/program", Files: []string{path}}
	prints := map[string]bool{}
	for _, text := range []string{"one", "two"} {
		if err := writeFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		print, err := component.fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		prints[print] = true
	}
	if len(prints) != 2 {
		t.Error("another configuration has the same fingerprint")
	}
}

func TestShimSocketsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"unix:///run/containerd/s/abc":                                 "/run/containerd/s/abc",
		`{"version":3,"address":"unix:///run/containerd/s/abc","x":1}`: "/run/containerd/s/abc",
		"unix:///etc/passwd":                                           "",
		"nothing":                                                      "",
	} {
		if got := socketIn(text); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	if got := quoted("it's"); got != `'it'\''s'` {
		t.Errorf("got %s", got)
	}
}
