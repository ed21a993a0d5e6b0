// Package rig tries the operator against a real API server with real controllers, and nodes that are simulated. The operator is a
// process of its own behind a proxy that lets things go wrong; what it did is judged by oracles.
package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/controlplane"
	"github.com/stackwright/stackwright/hack/e2e/audit"
)

const (
	// OperatorUser is who the operator is.
	OperatorUser = "system:serviceaccount:stackwright-system:stackwright"
	// TenantUser may edit the kinds of Stackwright in the namespaces that Lane.Tenant gives it, and nothing else.
	TenantUser = "tenant"
	// StorageClass is the default one. Its volumes can grow.
	StorageClass = "standard"

	auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: RequestResponse, users: ["` + OperatorUser + `"], resources: [{group: "", resources: [secrets]}]}
- {level: Request, users: ["` + OperatorUser + `"], verbs: [delete, deletecollection]}
- {level: Metadata, users: ["` + OperatorUser + `"]}
- {level: None}
`
)

// controllers are those that act on what the operator makes; the rest would only use the processor.
var controllers = []string{
	"--controllers", strings.Join([]string{
		"garbage-collector-controller", "namespace-controller", "deployment-controller", "replicaset-controller", "statefulset-controller",
		"job-controller", "cronjob-controller", "horizontal-pod-autoscaler-controller", "disruption-controller",
		"serviceaccount-controller", "persistentvolumeclaim-protection-controller", "resourcequota-controller", "root-ca-certificate-publisher-controller",
	}, ","),
	"--horizontal-pod-autoscaler-sync-period", "30s", "--min-resync-period", "12h",
}

// Scheme knows every kind that the rig reads.
var Scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(apiextensionsv1.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}()

// Settings of a lane.
type Settings struct {
	// Root is the top folder of the project, whose configuration is installed.
	Root string
	// Assets is the folder of the control plane's programs.
	Assets string
	// Binary is the operator.
	Binary string
	// Args are further arguments of the operator.
	Args []string
}

// Lane is a control plane with an operator and simulated nodes of its own. One plan at a time runs on it.
type Lane struct {
	Settings
	// Plane is etcd, API server and controllers.
	Plane *controlplane.Plane
	// Client is the administrator's.
	Client client.WithWatch
	// Proxy is between Operator and API server.
	Proxy    *Proxy
	Operator *Operator
	// Nodes run the pods.
	Nodes *Nodes
	// Audit is the API server's record of what the operator asked.
	Audit *audit.Log
	// Safety watches over data in everything that happens here.
	Safety *Safety

	stop context.CancelFunc
	// spare is another team's namespace that was made and not needed.
	spare string
}

// Start starts a lane with an operator that runs. Stop ends it.
func Start(ctx context.Context, s Settings) (_ *Lane, err error) {
	l := &Lane{Settings: s}
	defer func() {
		if err != nil {
			l.Stop()
		}
	}()
	l.Plane, err = controlplane.Start(ctx, s.Assets, controlplane.Options{
		Users: []string{OperatorUser, TenantUser}, AuditPolicy: auditPolicy, Controllers: controllers,
		// Lanes share processors: a fifth of the API server's time would go into collecting garbage, and some into being fair to one operator.
		Env:       []string{"GOGC=400"},
		APIServer: []string{"--enable-priority-and-fairness=false"},
	})
	if err != nil {
		return nil, err
	}
	if l.Client, err = client.NewWithWatch(l.Plane.Config(controlplane.Administrator), client.Options{Scheme: Scheme}); err != nil {
		return nil, err
	}
	if err := l.furnish(ctx); err != nil {
		return nil, err
	}
	if l.Audit, err = audit.Follow(l.Plane.AuditLog, OperatorUser); err != nil {
		return nil, err
	}
	if l.Proxy, err = startProxy(l.Plane, OperatorUser); err != nil {
		return nil, err
	}
	l.follow()
	return l, l.startOperator(ctx)
}

// follow starts what watches: nodes and safety.
func (l *Lane) follow() {
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	l.Nodes, l.Safety = newNodes(l.Client), newSafety(l)
	l.Nodes.run(ctx)
	l.Safety.run(ctx)
}

func (l *Lane) startOperator(ctx context.Context) error {
	kubeconfig, err := l.Plane.Kubeconfig(OperatorUser, l.Proxy.URL)
	if err != nil {
		return err
	}
	l.Operator = &Operator{binary: l.Binary, Args: l.Args, folder: l.Plane.Folder, kubeconfig: kubeconfig, env: []string{"GORACE=halt_on_error=1"}}
	return l.Operator.Start(ctx)
}

// Stop ends everything and deletes its data.
func (l *Lane) Stop() {
	if l.stop != nil {
		l.stop()
	}
	if l.Operator != nil {
		l.Operator.Kill()
	}
	if l.Proxy != nil {
		l.Proxy.stop()
	}
	if l.Plane != nil {
		l.Plane.Stop()
	}
}

// furnish installs what the project ships, as an administrator would.
func (l *Lane) furnish(ctx context.Context) error {
	expand := true
	objects := []client.Object{
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}},
		&storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{
				Name: StorageClass, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
			},
			Provisioner: "stackwright.dev/simulated", AllowVolumeExpansion: &expand,
		},
	}
	for _, object := range objects {
		if err := l.Client.Create(ctx, object); err != nil {
			return err
		}
	}
	return l.Install(ctx)
}

// Install installs the CRDs, the roles and the policies of the project, also a second time.
func (l *Lane) Install(ctx context.Context) error {
	config := filepath.Join(l.Root, "config")
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", filepath.Join(config, "crd")},
		{"apply", "-f", filepath.Join(config, "manager", "namespace.yaml")},
		{"apply", "-k", filepath.Join(config, "rbac")},
		{"apply", "-k", filepath.Join(config, "policy", "deletion")},
		{"apply", "-k", filepath.Join(config, "policy", "operator")},
	} {
		if _, err := l.Kubectl(ctx, args...); err != nil {
			return err
		}
	}
	_, err := l.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	return err
}

// Kubectl runs kubectl as the administrator and returns what it prints.
func (l *Lane) Kubectl(ctx context.Context, args ...string) (string, error) {
	kubeconfig, err := l.Plane.Kubeconfig(controlplane.Administrator, "")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(l.Assets, "kubectl"), append([]string{"--kubeconfig", kubeconfig}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+l.Plane.Folder)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

// Calm takes back everything that was made to go wrong, and makes sure that the operator runs.
func (l *Lane) Calm(ctx context.Context) error {
	l.Proxy.Calm()
	if err := l.Nodes.Relent(ctx); err != nil {
		return err
	}
	if l.Operator.Killed() {
		return l.Operator.Start(ctx)
	}
	return nil
}

// Eventually waits until check says nothing; it returns what check said last.
func Eventually(ctx context.Context, what string, limit time.Duration, check func(context.Context) error) error {
	var last error
	err := controlplane.Poll(ctx, 100*time.Millisecond, limit, what, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if err == nil || ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w; last seen: %w", err, last)
	}
	return nil
}
