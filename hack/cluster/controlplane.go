package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// auditPolicy records every request once, when it is answered.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: %s
`

func (c *Cluster) config(name string) string {
	return filepath.Join(c.Dir, "config", name)
}

func (c *Cluster) auditLog() string {
	return filepath.Join(c.Dir, "audit.log")
}

func (c *Cluster) writeAuditPolicy() error {
	return writeFile(c.config("audit.yaml"), fmt.Appendf(nil, auditPolicy, c.Settings.AuditLevel), 0o644)
}

// etcd does not wait for the disk: its data is as short-lived as the cluster.
func (c *Cluster) etcd() Component {
	client, peer := "http://"+c.at(etcdPort), "http://"+c.at(etcdPeerPort)
	return Component{
		Name: "etcd", Path: c.Programs.kube("etcd"),
		Args: []string{
			"--name", c.Name, "--data-dir", filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync",
			"--listen-client-urls", client, "--advertise-client-urls", client,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", c.Name + "=" + peer,
			"--listen-metrics-urls", "http://" + c.at(etcdHealthPort), "--quota-backend-bytes", strconv.Itoa(4 << 30),
		},
		Health: "http://" + c.at(etcdHealthPort) + "/health",
		Grace:  10 * time.Second, Limit: time.Minute,
	}
}

func (c *Cluster) apiServer() Component {
	args := []string{
		"--etcd-servers", "http://" + c.at(etcdPort),
		"--bind-address", c.nodeAddress().String(), "--secure-port", strconv.Itoa(c.port(apiPort)),
		"--service-cluster-ip-range", c.addresses().Services.String(),
		"--client-ca-file", c.pki("ca.crt"), "--tls-cert-file", c.pki("api.crt"), "--tls-private-key-file", c.pki("api.key"),
		"--service-account-key-file", c.pki("service-account.pub"), "--service-account-signing-key-file", c.pki("service-account.key"),
		"--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
		"--authorization-mode", "Node,RBAC", "--allow-privileged=true",
		"--requestheader-client-ca-file", c.pki("front-proxy-ca.crt"), "--requestheader-allowed-names", "front-proxy",
		"--requestheader-extra-headers-prefix", "X-Remote-Extra-", "--requestheader-group-headers", "X-Remote-Group",
		"--requestheader-username-headers", "X-Remote-User",
		"--proxy-client-cert-file", c.pki("front-proxy.crt"), "--proxy-client-key-file", c.pki("front-proxy.key"),
		"--enable-aggregator-routing=true",
		"--audit-policy-file", c.config("audit.yaml"), "--audit-log-path", c.auditLog(),
		"--audit-log-maxsize", "500", "--audit-log-maxbackup", "2",
	}
	args = append(args, c.advertiseArgs()...)
	return Component{
		Name: "kube-apiserver", Path: c.Programs.kube("kube-apiserver"),
		Args:   append(args, c.Settings.APIServerArgs...),
		Files:  []string{c.config("audit.yaml"), c.pki("api.crt")},
		Health: c.apiURL() + "/readyz",
		Grace:  5 * time.Second, Limit: 2 * time.Minute,
	}
}

// advertiseArgs say how the node and its pods reach the API server, and the API
// server the kubelet. On loopback there is neither: the API server refuses to
// advertise a loopback address, and is told one that is meant for documents and
// that, without a reconciler, it writes nowhere.
func (c *Cluster) advertiseArgs() []string {
	if !c.real() {
		return []string{"--advertise-address", "198.51.100.1", "--endpoint-reconciler-type", "none"}
	}
	return []string{
		"--advertise-address", c.nodeAddress().String(),
		"--kubelet-preferred-address-types", "InternalIP", "--kubelet-certificate-authority", c.pki("ca.crt"),
		"--kubelet-client-certificate", c.pki("api-to-kubelet.crt"), "--kubelet-client-key", c.pki("api-to-kubelet.key"),
	}
}

func (c *Cluster) controllerManager() Component {
	return Component{
		Name: "kube-controller-manager", Path: c.Programs.kube("kube-controller-manager"),
		Args: []string{
			"--kubeconfig", c.componentKubeconfig("controller-manager"),
			"--bind-address", c.nodeAddress().String(), "--secure-port", strconv.Itoa(c.port(controllerPort)),
			"--service-account-private-key-file", c.pki("service-account.key"), "--root-ca-file", c.pki("ca.crt"),
			"--cluster-signing-cert-file", c.pki("ca.crt"), "--cluster-signing-key-file", c.pki("ca.key"),
			"--use-service-account-credentials", "--leader-elect=false",
			"--allocate-node-cidrs", "--cluster-cidr", c.addresses().Pods.String(),
		},
		Health: "https://" + c.at(controllerPort) + "/healthz",
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}

func (c *Cluster) scheduler() Component {
	return Component{
		Name: "kube-scheduler", Path: c.Programs.kube("kube-scheduler"),
		Args: []string{
			"--kubeconfig", c.componentKubeconfig("scheduler"), "--leader-elect=false",
			"--bind-address", c.nodeAddress().String(), "--secure-port", strconv.Itoa(c.port(schedulerPort)),
		},
		Health: "https://" + c.at(schedulerPort) + "/healthz",
		Grace:  5 * time.Second, Limit: time.Minute,
	}
}
