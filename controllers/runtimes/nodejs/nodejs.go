// Package nodejs adjusts components to Node.js.
//
// Node.js runs as process 1 of its container, where signals have no default action. An application that calls
// server.close() on SIGTERM stops as soon as its last request is answered; one without a handler keeps answering until the
// grace period ends, and is killed then. Neither loses a request that is shorter than the grace period.
package nodejs

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// user is the id of the user node in the official images. They name it in letters, and Kubernetes cannot see that such
	// a user is not root.
	user = 1000
	// heapPercent of the memory limit go to the heap; buffers, stacks and code take the rest.
	heapPercent = 75
	mebibyte    = 1 << 20
)

// Runtime is the runtime NodeJS.
func Runtime() part.Runtime {
	return part.Runtime{Name: v1alpha1.RuntimeNodeJS, Env: env, User: user}
}

// env sets the mode that frameworks read and, where memory is limited, the greatest size of the heap: without it Node.js
// takes what the kernel kills it for.
func env(resources corev1.ResourceRequirements) []corev1.EnvVar {
	variables := []corev1.EnvVar{{Name: "NODE_ENV", Value: "production"}}
	if heap := resources.Limits.Memory().Value() * heapPercent / 100 / mebibyte; heap > 0 {
		options := "--max-old-space-size=" + strconv.FormatInt(heap, 10)
		variables = append(variables, corev1.EnvVar{Name: "NODE_OPTIONS", Value: options})
	}
	return variables
}
