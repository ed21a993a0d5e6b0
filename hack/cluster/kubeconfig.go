package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

const kubeconfigTemplate = `apiVersion: v1
kind: Config
clusters:
- name: stackwright-%[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[3]s
users:
- name: stackwright-%[1]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- name: stackwright-%[1]s
  context:
    cluster: stackwright-%[1]s
    user: stackwright-%[1]s
current-context: stackwright-%[1]s
`

// kubeconfigPath is the file for people and tests: the cluster's administrator.
func (c *Cluster) kubeconfigPath() string {
	return filepath.Join(c.Dir, "kubeconfig")
}

// componentKubeconfig is the file by which the component with the certificate
// called user reaches the API server.
func (c *Cluster) componentKubeconfig(user string) string {
	return filepath.Join(c.Dir, "config", user+".kubeconfig")
}

// writeKubeconfigs writes the administrator's file and one per component. Each
// holds its certificates, so it can be copied elsewhere.
func (c *Cluster) writeKubeconfigs() error {
	if err := c.writeKubeconfig(c.kubeconfigPath(), "admin"); err != nil {
		return err
	}
	for _, user := range []string{"addons", "controller-manager", "scheduler", "proxy", "node"} {
		if err := c.writeKubeconfig(c.componentKubeconfig(user), user); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) writeKubeconfig(path, user string) error {
	encoded := make([]any, 0, 3)
	for _, name := range []string{"ca.crt", user + ".crt", user + ".key"} {
		data, err := os.ReadFile(c.pki(name))
		if err != nil {
			return fmt.Errorf("cannot write %s: %w", path, err)
		}
		encoded = append(encoded, base64.StdEncoding.EncodeToString(data))
	}
	text := fmt.Sprintf(kubeconfigTemplate, append([]any{c.Name, c.apiURL()}, encoded...)...)
	return writeFile(path, []byte(text), 0o600)
}
