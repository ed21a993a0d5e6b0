//go:build tools

// Package containerd pins the version of containerd that the node runs. The
// launcher builds the three commands below from this module's versions.
package containerd

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/containerd/containerd/v2/cmd/ctr"
)
