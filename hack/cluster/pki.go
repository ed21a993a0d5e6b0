package main

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
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long the cluster's certificates hold: they go with the
// cluster, which is never meant to live that long.
const certificateLife = 10 * 365 * 24 * time.Hour

// identity is one certificate to issue.
type identity struct {
	file   string // name of the key and certificate files, without ending
	name   string // the user's or server's name
	group  string // the user's group; empty for none
	server bool   // whether a server shows it, to names and addresses
	names  []string
	addrs  []netip.Addr
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// ensurePKI issues every key and certificate of the cluster below its pki folder.
// The last file written marks a complete set; without it all are issued anew.
func (c *Cluster) ensurePKI() error {
	dir, done := c.pki(""), c.pki("complete")
	if exists(done) {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := c.issueAll(); err != nil {
		return fmt.Errorf("cannot issue the cluster's certificates in %s: %w", dir, err)
	}
	return writeFile(done, nil, 0o644)
}

func (c *Cluster) issueAll() error {
	main, err := newAuthority(c.pki("ca"), "cluster "+c.Name)
	if err != nil {
		return err
	}
	front, err := newAuthority(c.pki("front-proxy-ca"), "front proxy of cluster "+c.Name)
	if err != nil {
		return err
	}
	for _, id := range c.identities() {
		if err := main.issue(c.pki(id.file), id); err != nil {
			return err
		}
	}
	if err := front.issue(c.pki("front-proxy"), identity{name: "front-proxy"}); err != nil {
		return err
	}
	key, err := newKey(c.pki("service-account"))
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return writePEM(c.pki("service-account.pub"), "PUBLIC KEY", public)
}

// identities lists the certificates that the cluster's own authority signs.
func (c *Cluster) identities() []identity {
	const masters = "system:masters"
	node := []netip.Addr{c.nodeAddress()}
	api := append([]netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), c.addresses().API}, node...)
	return []identity{
		{file: "admin", name: "admin", group: masters},
		{file: "addons", name: "cluster-addons", group: masters},
		{file: "api-to-kubelet", name: "kube-apiserver", group: masters},
		{file: "controller-manager", name: "system:kube-controller-manager"},
		{file: "scheduler", name: "system:kube-scheduler"},
		{file: "proxy", name: "system:kube-proxy"},
		{file: "node", name: "system:node:" + c.nodeName(), group: "system:nodes"},
		{file: "kubelet", name: c.nodeName(), server: true, names: []string{c.nodeName()}, addrs: node},
		{file: "metrics-server", name: "metrics-server", server: true, names: []string{"metrics-server.kube-system.svc"}, addrs: node},
		{file: "api", name: "kube-apiserver", server: true, addrs: api, names: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}},
	}
}

// pki is the path of a file in the cluster's pki folder.
func (c *Cluster) pki(name string) string {
	return filepath.Join(c.Dir, "pki", name)
}

// newAuthority makes an authority that signs itself and writes it to path.key
// and path.crt.
func newAuthority(path, name string) (authority, error) {
	key, err := newKey(path)
	if err != nil {
		return authority{}, err
	}
	template := newTemplate(name)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, err
	}
	return authority{cert: cert, key: key}, writePEM(path+".crt", "CERTIFICATE", der)
}

// issue makes a key and a certificate for id and writes path.key and path.crt.
func (a authority) issue(path string, id identity) error {
	key, err := newKey(path)
	if err != nil {
		return err
	}
	template := newTemplate(id.name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	template.DNSNames = id.names
	if id.group != "" {
		template.Subject.Organization = []string{id.group}
	}
	if id.server {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, addr := range id.addrs {
		template.IPAddresses = append(template.IPAddresses, net.IP(addr.AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return fmt.Errorf("%s: %w", id.name, err)
	}
	return writePEM(path+".crt", "CERTIFICATE", der)
}

// newTemplate is a certificate for name, valid from an hour ago, so that clocks
// that differ a little do no harm.
func newTemplate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	now := time.Now().Add(-time.Hour)
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now,
		NotAfter:     now.Add(certificateLife),
	}
}

func newKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path+".key", "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
