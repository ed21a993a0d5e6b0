package backup

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stackwright/stackwright/controllers/part"
)

// store is an object store that is not ours, with TLS and one bucket. It keeps objects as files in a folder.
type store struct {
	endpoint, authority, folder string
	process                     *exec.Cmd
}

const accessID, accessSecret = "backups", "the secret of backups"

// startStore finds the program, or skips the test.
func startStore(t *testing.T) *store {
	t.Helper()
	program := find(t, "versitygw")
	folder := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	certificate, key := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	authority := selfSigned(t, certificate, key)
	objects := filepath.Join(folder, "objects")
	if err := os.MkdirAll(filepath.Join(objects, "acme-backups"), 0o755); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(program, "--access", accessID, "--secret", accessSecret, "--port", address, "--cert", certificate, "--key", key,
		"--quiet", "posix", objects)
	log := &strings.Builder{}
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
		if t.Failed() {
			t.Logf("the object store said: %s", log)
		}
	})
	answers(t, address)
	return &store{endpoint: "https://" + address, authority: authority, folder: objects, process: process}
}

// answers waits for the server.
func answers(t *testing.T, address string) {
	t.Helper()
	var err error
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var connection *tls.Conn
		if connection, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}); err == nil { //nolint:gosec // nothing is sent
			_ = connection.Close()
			return
		}
	}
	t.Fatalf("the object store does not answer: %v", err)
}

func selfSigned(t *testing.T, certificate, key string) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	for path, content := range map[string][]byte{certificate: authority, key: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return string(authority)
}

// bucketRoom is a room whose archives lie in the store's bucket.
func bucketRoom(t *testing.T) (*room, *store) {
	t.Helper()
	r := newRoom(t)
	s := startStore(t)
	r.secrets["AWS_ACCESS_KEY_ID"], r.secrets["AWS_SECRET_ACCESS_KEY"] = accessID, accessSecret
	r.service.Vault.Bucket = &part.Bucket{
		Name: "acme-backups", Prefix: "clusters/eu1", Endpoint: s.endpoint, Region: "us-east-1", Authorities: s.authority, Secret: "acme-backup-target",
	}
	return r, s
}

func TestArchivesAreKeptInABucket(t *testing.T) {
	r, s := bucketRoom(t)
	carriesArchives(t, r, filepath.Join(s.folder, "acme-backups/clusters/eu1/shop/main"))
	r.archive("29001125-020000-eeeee", "more")
	if facts := r.stored("29001125-020000-eeeee"); facts["location"] != "s3://acme-backups/clusters/eu1/shop/main" || facts["endpoint"] != s.endpoint {
		t.Errorf("%v", facts)
	}
}

// TestBucketsThatCannotBeUsed: each cause has a reason of its own, is told before the engine makes an archive, and takes nothing away.
func TestBucketsThatCannotBeUsed(t *testing.T) {
	r, s := bucketRoom(t)
	r.archive(first, "the rows of "+first)
	r.stored(first)
	bucket := *r.service.Vault.Bucket
	for _, c := range []struct {
		what, reason string
		code         int
		words        []string
		spoil        func(b *part.Bucket)
	}{
		{"another access key", "TargetDenied", 3, []string{"acme-backup-target"}, func(*part.Bucket) { r.secrets["AWS_ACCESS_KEY_ID"] = "somebody" }},
		{"another secret", "TargetDenied", 3, []string{"acme-backup-target"}, func(*part.Bucket) { r.secrets["AWS_SECRET_ACCESS_KEY"] = "something" }},
		{"no such bucket", "TargetNotFound", 3, []string{"no bucket acme-nothing", "make it"}, func(b *part.Bucket) { b.Name = "acme-nothing" }},
		{"a certificate of nobody", "TargetUntrusted", 3, []string{"caBundle"}, func(b *part.Bucket) { b.Authorities = "" }},
		{"a certificate of another host", "TargetUntrusted", 3, []string{"caBundle"}, func(b *part.Bucket) {
			b.Endpoint = strings.Replace(b.Endpoint, "127.0.0.1", "localhost", 1)
		}},
		{"no such host", "TargetUnreachable", 1, []string{"nowhere.invalid"}, func(b *part.Bucket) { b.Endpoint = "https://nowhere.invalid" }},
		{"a server that is away", "TargetUnreachable", 1, []string{s.endpoint}, func(*part.Bucket) { _ = s.process.Process.Kill() }},
	} {
		changed := bucket
		r.service.Vault.Bucket = &changed
		c.spoil(&changed)
		for _, verb := range []string{"reach", "store", "fetch"} {
			r.refuses(c.what+", "+verb, verb, c.reason, c.code, c.words...)
		}
		r.secrets["AWS_ACCESS_KEY_ID"], r.secrets["AWS_SECRET_ACCESS_KEY"] = accessID, accessSecret
	}
	if got := archives(t, filepath.Join(s.folder, "acme-backups/clusters/eu1/shop/main")); len(got) != 1 || got[0] != first {
		t.Errorf("there are %q", got)
	}
}
