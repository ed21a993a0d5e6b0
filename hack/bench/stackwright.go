package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/controlplane"
)

// root is the repository as seen from this folder, where go run -C and go test run.
const root = "../.."

// build builds the operator as it ships.
func build(ctx context.Context, folder string) (string, error) {
	path, err := filepath.Abs(filepath.Join(folder, "stackwright"))
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "build", "-C", root, "-trimpath", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the operator: %w\n%s", err, output)
	}
	return path, nil
}

// stackwright is our own operator with the stacks of a profile. With profiling it runs inside a copy of this program.
func stackwright(profile, binary string, profiling bool) *subject {
	return &subject{
		name: "stackwright", user: "bench-stackwright", crds: filepath.Join(root, "config", "crd", "bases"),
		prepare: func(ctx context.Context, admin client.Client) error {
			return admin.Create(ctx, &v1alpha1.StackClass{
				ObjectMeta: metav1.ObjectMeta{Name: "bench", Annotations: map[string]string{v1alpha1.AnnotationDefaultClass: "true"}},
				Spec:       v1alpha1.StackClassSpec{Profile: v1alpha1.ProfileDevelopment},
			})
		},
		launch: func(c *controlplane.Plane, kubeconfig string, args ...string) (*controlplane.Process, *metrics, error) {
			ports, err := controlplane.FreePorts(2)
			if err != nil {
				return nil, nil, err
			}
			address, debug := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
			args = append([]string{"--metrics-bind-address", address, "--health-probe-bind-address", "0"}, args...)
			env := []string{"KUBECONFIG=" + kubeconfig}
			if profiling {
				args, env = append([]string{operatorCommand}, args...), append(env, debugVariable+"="+debug)
			}
			p, err := controlplane.StartProcess("stackwright", c.Folder, env, binary, args...)
			return p, &metrics{url: "http://" + address + "/metrics", debug: "http://" + debug}, err
		},
		stack: func(number int) (client.Object, error) { return newStack(profile, number) },
		withImage: func(object client.Object, image string) (client.Object, error) {
			next := object.(*v1alpha1.BackendStack).DeepCopy()
			next.Spec.Components[0].Image = image
			return next, nil
		},
	}
}
