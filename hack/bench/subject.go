package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/controlplane"
)

// subject is an operator that is measured.
type subject struct {
	// name in the table, user of its requests.
	name, user string
	// crds is the folder of its CRDs.
	crds string
	// prepare makes what it needs in the cluster before it starts.
	prepare func(ctx context.Context, admin client.Client) error
	// launch starts it. Its metrics are read while it serves them.
	launch func(c *controlplane.Plane, kubeconfig string, args ...string) (*controlplane.Process, *metrics, error)
	// settle makes what needs it running before stacks are created.
	settle func(ctx context.Context, admin client.Client) error
	// stack makes one stack, withImage gives a copy of it another image.
	stack     func(number int) (client.Object, error)
	withImage func(object client.Object, image string) (client.Object, error)
	// objects that it makes of one stack; 0 until they were counted.
	objects int
}

var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(apiextensionsv1.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}()

// Users of a control plane besides the administrator, who sets everything up and is exempt from the API server's fairness.
const (
	userLoad  = "bench-load"
	userFloor = "bench-floor"
)

// arena is a fresh control plane with what a subject needs in it.
type arena struct {
	*controlplane.Plane
	audit *audit
	admin client.Client
	// load creates stacks, as an ordinary user.
	load client.WithWatch
}

func newArena(ctx context.Context, assets string, s *subject) (_ *arena, err error) {
	c, err := controlplane.Start(ctx, assets, controlplane.Options{
		Users: []string{userLoad, userFloor, s.user}, AuditPolicy: fmt.Sprintf(auditPolicy, userFloor+", "+s.user),
	})
	if err != nil {
		return nil, err
	}
	a := &arena{Plane: c, audit: &audit{path: c.AuditLog}}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if a.admin, err = client.New(c.Config(controlplane.Administrator), client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	if err := a.furnish(ctx, s); err != nil {
		return nil, err
	}
	a.load, err = client.NewWithWatch(c.Config(userLoad), client.Options{Scheme: scheme})
	return a, err
}

// furnish makes the users' rights, the namespace, the CRDs and whatever the subject adds.
func (a *arena) furnish(ctx context.Context, s *subject) error {
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{
				Name: "standard", Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
			},
			Provisioner: "bench.example/none",
		},
	}
	for _, user := range []string{userLoad, userFloor, s.user} {
		objects = append(objects, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})
	}
	for _, object := range objects {
		if err := a.admin.Create(ctx, object); err != nil {
			return fmt.Errorf("%T %s: %w", object, object.GetName(), err)
		}
	}
	if err := a.crds(ctx, s.crds); err != nil {
		return err
	}
	if s.prepare == nil {
		return nil
	}
	return s.prepare(ctx, a.admin)
}

// crds creates the CRDs of a folder and waits until they are served.
func (a *arena) crds(ctx context.Context, folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no CRD in %s: %w", folder, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(content, crd); err != nil || crd.Kind != "CustomResourceDefinition" {
			continue
		}
		if err := a.admin.Create(ctx, crd); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := a.served(ctx, crd); err != nil {
			return err
		}
	}
	return nil
}

func (a *arena) served(ctx context.Context, crd *apiextensionsv1.CustomResourceDefinition) error {
	list := &metav1.PartialObjectMetadataList{}
	list.APIVersion, list.Kind = crd.Spec.Group+"/"+crd.Spec.Versions[0].Name, crd.Spec.Names.ListKind
	return controlplane.Poll(ctx, 50*time.Millisecond, time.Minute, crd.Name+" is not served", func(ctx context.Context) (bool, error) {
		err := a.admin.List(ctx, list, client.Limit(1))
		if apierrors.IsNotFound(err) || err != nil && apierrors.ReasonForError(err) == metav1.StatusReasonUnknown {
			return false, nil
		}
		return err == nil, err
	})
}
