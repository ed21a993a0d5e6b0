package credentials

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

var (
	now   = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	hosts = []string{"shop-main.shop.svc.cluster.local", "shop-main.shop.svc", "shop-main", "localhost"}
)

func parsed(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("no single certificate: %q", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// TestCertificateIsTrusted: a client that trusts the authority believes the server under each of its names, and no other.
func TestCertificateIsTrusted(t *testing.T) {
	minted, err := mintAuthority("shop/shop-main", hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair([]byte(minted.Certificate), []byte(minted.Key)); err != nil {
		t.Errorf("key and certificate do not fit: %v", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(minted.CA)) {
		t.Fatal("the authority cannot be read")
	}
	server := parsed(t, minted.Certificate)
	verify := func(name string, at time.Time, pool *x509.CertPool) error {
		_, err := server.Verify(x509.VerifyOptions{DNSName: name, Roots: pool, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		return err
	}
	for _, name := range append([]string{"127.0.0.1", "::1"}, hosts...) {
		if err := verify(name, now, roots); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, at := range map[string]time.Time{
		"other.shop.svc": now, "shop-main.other.svc.cluster.local": now,
		"localhost": now.Add(certificateLifetime + time.Hour), "shop-main": now.Add(-2 * time.Hour),
	} {
		if verify(name, at, roots) == nil {
			t.Errorf("%s is believed at %s", name, at)
		}
	}
	other, err := mintAuthority("shop/shop-main", hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM([]byte(other.CA))
	if verify("shop-main", now, strangers) == nil {
		t.Error("another authority of the same name is believed")
	}
}

// TestIdentifiersAreThere: strict clients (OpenSSL with X509_STRICT, as Python 3.13 has it) want both key identifiers.
func TestIdentifiersAreThere(t *testing.T) {
	minted, err := mintAuthority("shop/shop-main", hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	ca, server := parsed(t, minted.CA), parsed(t, minted.Certificate)
	switch {
	case !ca.IsCA || !ca.BasicConstraintsValid || ca.KeyUsage != x509.KeyUsageCertSign || !ca.MaxPathLenZero:
		t.Errorf("the authority is none: %+v", ca.KeyUsage)
	case len(ca.SubjectKeyId) == 0 || !bytes.Equal(ca.SubjectKeyId, server.AuthorityKeyId):
		t.Errorf("the authority is %x, the server names %x", ca.SubjectKeyId, server.AuthorityKeyId)
	case server.IsCA || server.KeyUsage != x509.KeyUsageDigitalSignature:
		t.Error("the server's certificate can do more than serve")
	case ca.SerialNumber.Cmp(server.SerialNumber) == 0 || ca.SerialNumber.Sign() <= 0:
		t.Error("serial numbers")
	case ca.Subject.String() == server.Subject.String():
		t.Error("the server has the authority's name, which makes it self-signed to some clients")
	}
	if _, ok := server.PublicKey.(*ecdsa.PublicKey); !ok || bytes.Contains([]byte(minted.Certificate+minted.CA), []byte("PRIVATE")) {
		t.Error("a key where a certificate should be")
	}
}

func TestLongNamesAreCut(t *testing.T) {
	minted, err := mintAuthority(strings.Repeat("n", 63)+"/"+strings.Repeat("s", 44), hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{minted.CA, minted.Certificate} {
		if name := parsed(t, text).Subject.CommonName; len(name) > 64 {
			t.Errorf("%d characters in a common name", len(name))
		}
	}
	if parsed(t, minted.CA).Subject.String() == parsed(t, minted.Certificate).Subject.String() {
		t.Error("cut to 64 characters, the authority and the server have one name")
	}
}
