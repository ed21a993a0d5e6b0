package main

import (
	"context"
	"path/filepath"
)

// kubernetesVersion is what the binaries report; go.mod requires the same.
const kubernetesVersion = "v1.37.2"

const versionPackage = "k8s.io/component-base/version"

// product is something the launcher builds from Go modules.
type product struct {
	name     string
	module   string   // folder with go.mod, below the source folder
	dir      string   // folder of the main package, below the source folder; counted into the key
	packages []string // to build, as go build understands them within module
	tags     string
	ldflags  string
	links    []string // further names for the binary
}

var (
	kube = product{
		name: "kube", module: ".", dir: "kube", packages: []string{"./kube"},
		ldflags: "-s -w -X " + versionPackage + ".gitVersion=" + kubernetesVersion +
			" -X " + versionPackage + ".gitMajor=1 -X " + versionPackage + ".gitMinor=37",
		links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
			"kubectl", "kubelet", "kube-proxy", "metrics-server"},
	}
	services = product{name: "services", module: ".", dir: "services", packages: []string{"./services"}, ldflags: "-s -w"}
	pause    = product{name: "pause", module: ".", dir: "pause", packages: []string{"./pause"}, ldflags: "-s -w"}
	coredns  = product{name: "coredns", module: "coredns", dir: "coredns", packages: []string{"."}, ldflags: "-s -w"}
	runtimes = product{
		name: "containerd", module: "containerd", dir: "containerd",
		ldflags: "-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2",
		tags:    "no_btrfs no_zfs no_devmapper no_tracing",
		packages: []string{
			"github.com/containerd/containerd/v2/cmd/containerd",
			"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
	}
)

// Programs are the folders of the built products. Those that a cluster does not
// need are empty.
type Programs struct {
	Kube, Containerd, CoreDNS, Services, Pause string
}

func (p Programs) kube(name string) string {
	return filepath.Join(p.Kube, name)
}

// wanted is a product and where the folder it is built to goes.
type wanted struct {
	product product
	folder  *string
}

// ensurePrograms builds what a cluster with this kind of node needs and is not
// in the cache yet.
func ensurePrograms(ctx context.Context, folders Folders, node string) (Programs, error) {
	var programs Programs
	list := []wanted{{kube, &programs.Kube}}
	if node != nodeNone {
		list = append(list, wanted{services, &programs.Services})
	}
	if node == nodeReal {
		list = append(list, wanted{runtimes, &programs.Containerd}, wanted{coredns, &programs.CoreDNS}, wanted{pause, &programs.Pause})
	}
	for _, each := range list {
		dir, err := ensureProduct(ctx, folders, each.product)
		if err != nil {
			return Programs{}, err
		}
		*each.folder = dir
	}
	return programs, nil
}
