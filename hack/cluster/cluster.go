package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The kinds of node a cluster can have.
const (
	nodeReal      = "real"      // a kubelet and containerd run the pods
	nodeSimulated = "simulated" // a process pretends to run the pods
	nodeNone      = "none"      // only the control plane runs
)

// clusterNames is what a cluster may be called: it becomes part of names in the
// kernel and of certificates.
var clusterNames = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Settings are what a user chose for a cluster. They are kept, so that a later
// "up" without flags leaves the cluster as it is.
type Settings struct {
	Node          string
	AuditLevel    string
	APIServerArgs []string
}

// Cluster is one cluster and where its things are.
type Cluster struct {
	Name     string
	Dir      string // all its state
	Slot     int    // which address ranges it has
	Settings Settings
	Programs Programs // of the last "up"
	folders  Folders
}

// openCluster reads the cluster called name. The second result is false when
// there is none yet or when what is written of it cannot be read; then only the
// name and the folder are set. There is no cluster at all for a name that may not be.
func openCluster(folders Folders, name string) (*Cluster, bool, error) {
	if !clusterNames.MatchString(name) {
		return nil, false, fmt.Errorf("%q is no name for a cluster: use 1 to 20 lower-case letters, digits and inner dashes", name)
	}
	c := &Cluster{Name: name, Dir: filepath.Join(folders.State, name), folders: folders}
	data, err := os.ReadFile(c.settingsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	if err := json.Unmarshal(data, c); err != nil {
		return c, false, fmt.Errorf("%s is damaged: run \"%s down --name %s\": %w", c.settingsPath(), calledAs(), name, err)
	}
	return c, true, nil
}

func (c *Cluster) settingsPath() string {
	return filepath.Join(c.Dir, "cluster.json")
}

func (c *Cluster) save() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(c.settingsPath(), append(data, '\n'), 0o644)
}

// id tells this cluster from one of the same name in another state folder. It
// names the cluster's things in the kernel.
func (c *Cluster) id() string {
	sum := sha256.Sum256([]byte(c.Dir))
	return c.Name + "-" + hex.EncodeToString(sum[:2])
}

func (c *Cluster) real() bool {
	return c.Settings.Node == nodeReal
}

func (c *Cluster) addresses() Addresses {
	return addressesOf(c.Slot)
}

func (c *Cluster) nodeName() string {
	return c.Name + "-node"
}

// nodeAddress is where the cluster's processes listen.
func (c *Cluster) nodeAddress() netip.Addr {
	if c.real() {
		return c.addresses().Node
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// port is the port that stands for standard in this cluster: the same on a node
// with its own address, one of the slot's on loopback.
func (c *Cluster) port(standard int) int {
	if c.real() {
		return standard
	}
	for i, each := range []int{apiPort, etcdPort, etcdPeerPort, etcdHealthPort, controllerPort, schedulerPort, servicesPort} {
		if each == standard {
			return loopbackPort + c.Slot*portsPerSlot + i
		}
	}
	return standard
}

// at is host:port of one of the cluster's processes.
func (c *Cluster) at(standard int) string {
	return fmt.Sprintf("%s:%d", c.nodeAddress(), c.port(standard))
}

func (c *Cluster) apiURL() string {
	return "https://" + c.at(apiPort)
}

// environment is what the cluster's processes and kubectl get of the user's
// environment: proxies and other people's kubeconfig are left out.
func (c *Cluster) environment() []string {
	env := []string{"PATH=" + strings.Join([]string{c.Programs.Containerd, "/usr/sbin", "/sbin", os.Getenv("PATH")}, ":")}
	for _, name := range []string{"HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
