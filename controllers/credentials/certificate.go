package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certificateLifetime is how long a service's authority and certificate are valid.
const certificateLifetime = 10 * 365 * 24 * time.Hour

// authority is a certificate authority and the one server certificate that it signs. Its key exists in memory only.
type authority struct {
	CA, Certificate, Key string // PEM
}

// mintAuthority makes an authority and a server certificate for the names. The authority's key is dropped: a renewal makes
// a new authority.
func mintAuthority(subject string, names []string, now time.Time) (authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("key of the authority: %w", err)
	}
	template, err := certificateTemplate("authority of "+subject, now)
	if err != nil {
		return authority{}, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	ca, err := x509.CreateCertificate(rand.Reader, template, template, &caKey.PublicKey, caKey)
	if err != nil {
		return authority{}, fmt.Errorf("certificate of the authority: %w", err)
	}
	parent, err := x509.ParseCertificate(ca) // with the key identifier that strict clients look for in the server's
	if err != nil {
		return authority{}, fmt.Errorf("certificate of the authority: %w", err)
	}
	return signServer(subject, names, now, parent, caKey)
}

func signServer(
	subject string, names []string, now time.Time, parent *x509.Certificate, caKey *ecdsa.PrivateKey,
) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("key of the server: %w", err)
	}
	template, err := certificateTemplate(subject, now)
	if err != nil {
		return authority{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = names
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, caKey)
	if err != nil {
		return authority{}, fmt.Errorf("certificate of the server: %w", err)
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return authority{}, fmt.Errorf("key of the server: %w", err)
	}
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	return authority{
		CA: block("CERTIFICATE", parent.Raw), Certificate: block("CERTIFICATE", certificate), Key: block("PRIVATE KEY", encodedKey),
	}, nil
}

func certificateTemplate(name string, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	if len(name) > 64 { // the limit of a common name (RFC 5280, ub-common-name)
		name = name[:64]
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLifetime),
	}, nil
}
