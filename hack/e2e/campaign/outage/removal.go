package outage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/campaign/crash"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

const allowDeletion = "stackwright.dev/allow-deletion"

// removals take away what the operator stands on.
func removals() []campaign.Plan {
	every := func(prepare func(*rig.Lane)) func(context.Context, *rig.Lane) error {
		return func(ctx context.Context, lane *rig.Lane) error {
			return withEverything(ctx, lane, func(w *rig.World, step campaign.Step) error {
				prepare(lane)
				return removeCRDs(ctx, w, step)
			})
		}
	}
	return []campaign.Plan{
		{ID: "outage/crds-removed/operator-runs", Run: every(func(*rig.Lane) {})},
		{ID: "outage/crds-removed/operator-down", Run: every(func(lane *rig.Lane) { lane.Operator.Kill() })},
		{ID: "outage/chart-uninstalled", Run: func(ctx context.Context, lane *rig.Lane) error {
			return withEverything(ctx, lane, func(w *rig.World, _ campaign.Step) error { return uninstall(ctx, w) })
		}},
	}
}

// withEverything makes a world with every kind of service in it, and hands over how it was made.
func withEverything(ctx context.Context, lane *rig.Lane, do func(*rig.World, campaign.Step) error) error {
	workloads := crash.Workloads()
	full := workloads[slices.IndexFunc(workloads, func(w crash.Workload) bool { return w.Name == "create-full" })]
	world, err := lane.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer world.Close(ctx)
	if err := campaign.InOrder(ctx, world, full.Step, campaign.Converged); err != nil {
		return err
	}
	return do(world, full.Step)
}

// removeCRDs deletes all CRDs as soon as that is allowed, and installs them again. Data outlives that, workloads come back.
func removeCRDs(ctx context.Context, w *rig.World, step campaign.Step) error {
	before, err := w.State(ctx)
	if err != nil {
		return err
	}
	data, err := identities(ctx, w, &corev1.PersistentVolumeClaimList{}, &corev1.SecretList{}, &corev1.ConfigMapList{})
	if err != nil {
		return err
	}
	data = onlyData(data, !w.Operator.Killed())
	stay := func(ctx context.Context, w *rig.World) error { return stays(ctx, w, data) }
	if err := campaign.InOrder(ctx, w, collected, refused, released, workloadsGone, stay, campaign.Safe); err != nil {
		return fmt.Errorf("without CRDs: %w", err)
	}
	if err := campaign.InOrder(ctx, w, campaign.Install, campaign.StartOperator, step, campaign.Converged, stay); err != nil {
		return fmt.Errorf("with new CRDs: %w", err)
	}
	_, err = w.Becomes(ctx, before)
	return errors.Join(err, w.CredentialsWhole(ctx))
}

// crds are those that the project ships, as arguments of kubectl.
func crds(w *rig.World) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(w.Root, "config", "crd", "bases", "*.yaml"))
	var names []string
	for _, file := range files {
		_, plural, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yaml"), "_")
		names = append(names, plural+".stackwright.dev")
	}
	if len(names) == 0 {
		err = errors.Join(err, errors.New("there are no CRDs"))
	}
	return names, err
}

// refused: no CRD can be deleted while nobody has allowed it. A dry run goes first, because a policy takes a moment to be in force.
func refused(ctx context.Context, w *rig.World) error {
	names, err := crds(w)
	if err != nil {
		return err
	}
	for _, name := range names {
		try := func(args ...string) error {
			output, err := w.Kubectl(ctx, append([]string{"delete", "crd", name}, args...)...)
			if err == nil || !strings.Contains(output, allowDeletion) {
				return fmt.Errorf("the deletion of the CRD %s was not refused: %w %s", name, err, output)
			}
			return nil
		}
		err := rig.Eventually(ctx, "the policy is in force", rig.ConvergeLimit, func(context.Context) error { return try("--dry-run=server") })
		if err = errors.Join(err, try()); err != nil {
			return err
		}
	}
	return nil
}

// released allows the deletion of all CRDs, and deletes them.
func released(ctx context.Context, w *rig.World) error {
	names, err := crds(w)
	if err != nil {
		return err
	}
	if _, err := w.Kubectl(ctx, slices.Concat([]string{"annotate", "crd"}, names, []string{allowDeletion + "=true"})...); err != nil {
		return err
	}
	_, err = w.Kubectl(ctx, append([]string{"delete", "crd", "--timeout=60s"}, names...)...)
	return err
}

// workloadsGone waits until the garbage collector has taken what ran.
func workloadsGone(ctx context.Context, w *rig.World) error {
	return rig.Eventually(ctx, "the workloads go with their CRDs", rig.ConvergeLimit, func(ctx context.Context) error {
		left, err := identities(ctx, w, &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &corev1.PodList{})
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("there are %v", slices.Sorted(maps.Keys(left)))
		}
		return err
	})
}

// identities are those of all objects of some kinds in a world.
func identities(ctx context.Context, w *rig.World, lists ...client.ObjectList) (map[string]string, error) {
	found := map[string]string{}
	err := objects(ctx, w, lists, func(o client.Object) error {
		found[fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName())] = string(o.GetUID())
		return nil
	})
	return found, err
}

func objects(ctx context.Context, w *rig.World, lists []client.ObjectList, do func(client.Object) error) error {
	for _, namespace := range w.Namespaces() {
		for _, list := range lists {
			if err := w.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
				return err
			}
			err := meta.EachListItem(list, func(o runtime.Object) error {
				return do(o.(client.Object)) //nolint:forcetypeassert // items of a list of objects are objects
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// logins are credentials of a stack for a service of its.
var logins = regexp.MustCompile(`-(binding|login)-v[0-9]+-[a-z0-9]{5}$`)

// onlyData leaves out what a workload owns: its configuration goes with it. An operator that runs on sees stacks go before the
// services that they used, and takes their logins back, as it does when somebody deletes a stack.
func onlyData(all map[string]string, operatorRuns bool) map[string]string {
	kept := maps.Clone(all)
	maps.DeleteFunc(kept, func(name, _ string) bool {
		configuration := strings.HasPrefix(name, "*v1.ConfigMap ") && !strings.HasSuffix(name, "-anchor")
		return configuration || operatorRuns && logins.MatchString(name)
	})
	return kept
}

// stays says which of some objects are gone or others.
func stays(ctx context.Context, w *rig.World, want map[string]string) error {
	now, err := identities(ctx, w, &corev1.PersistentVolumeClaimList{}, &corev1.SecretList{}, &corev1.ConfigMapList{})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if now[name] != want[name] {
			err = errors.Join(err, fmt.Errorf("%s was %s and is %q", name, want[name], now[name]))
		}
	}
	return err
}

// uninstall takes away what the chart's uninstall does, and installs it again. Nothing of the apps changes, not even a version.
func uninstall(ctx context.Context, w *rig.World) error {
	before, err := everything(ctx, w)
	if err != nil {
		return err
	}
	unchanged := func(ctx context.Context, w *rig.World) error { return same(ctx, w, before) }
	w.Operator.Kill()
	if err := campaign.InOrder(ctx, w, deleteRelease, collected, unchanged); err != nil {
		return fmt.Errorf("the uninstall: %w", err)
	}
	err = campaign.InOrder(ctx, w, campaign.Install, campaign.StartOperator, campaign.AtRest, campaign.Converged, unchanged)
	if err != nil {
		return fmt.Errorf("the installation: %w", err)
	}
	return nil
}

// deleteRelease deletes the objects of config/default but those that the chart keeps, and the namespace, which is Helm's user's.
// The tests of the chart hold that it renders config/default, and what it keeps.
func deleteRelease(ctx context.Context, w *rig.World) error {
	rendered, err := w.Kubectl(ctx, "kustomize", filepath.Join(w.Root, "config", "default"))
	if err != nil {
		return err
	}
	var release []string
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		object := &metav1.PartialObjectMetadata{}
		if err := yaml.Unmarshal([]byte(document), object); err != nil {
			return err
		}
		if !kept(object) {
			release = append(release, document)
		}
	}
	file := filepath.Join(w.Plane.Folder, "release.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(release, "\n---\n")), 0o600); err != nil {
		return err
	}
	_, err = w.Kubectl(ctx, "delete", "--ignore-not-found", "-f", file)
	return err
}

func kept(object *metav1.PartialObjectMetadata) bool {
	return object.Kind == "CustomResourceDefinition" || object.Kind == "Namespace" || strings.HasSuffix(object.Name, "-deletion")
}

// collected waits until the garbage collector has looked at all that happened before, and knows the kinds of the CRDs, which it
// looks for twice a minute: it takes an object whose owner never was.
func collected(ctx context.Context, w *rig.World) error {
	canary := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.Own, Name: "canary", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: v1alpha1.GroupVersion.String(), Kind: "BackendStack", Name: "never-was", UID: uuid.NewUUID()},
	}}}
	if err := w.Client.Create(ctx, canary); err != nil {
		return err
	}
	return w.Gone(ctx, corev1.SchemeGroupVersion.WithKind("ConfigMap"), w.Own, canary.Name)
}

// everything is every object of a world with its version.
func everything(ctx context.Context, w *rig.World) (map[string]string, error) {
	lists := []client.ObjectList{&corev1.PodList{}, &corev1.PersistentVolumeClaimList{}, &corev1.SecretList{}}
	for _, kind := range apply.Kinds() {
		lists = append(lists, kind.NewList())
	}
	found := map[string]string{}
	err := objects(ctx, w, lists, func(o client.Object) error {
		found[fmt.Sprintf("%T %s/%s", o, o.GetNamespace(), o.GetName())] = string(o.GetUID()) + " version " + o.GetResourceVersion()
		return nil
	})
	return found, err
}

func same(ctx context.Context, w *rig.World, before map[string]string) error {
	now, err := everything(ctx, w)
	if err != nil {
		return err
	}
	all := maps.Clone(before)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before[name] != now[name] {
			err = errors.Join(err, fmt.Errorf("%s was %q and is %q", name, before[name], now[name]))
		}
	}
	return err
}
