package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	operatorNamespace = "stackwright-system"
	releasedImage     = "ghcr.io/stackwright/stackwright"
	rolloutTimeout    = "120s"
	leaderTimeout     = 60 * time.Second
)

// prepareExisting points kubectl at a cluster of the user's and says which images that has to have.
func (d *demo) prepareExisting(ctx context.Context) (string, error) {
	program, err := exec.LookPath("kubectl")
	if err != nil {
		return "", errors.New("DEMO_CONTEXT needs kubectl in the PATH: install it, then run make demo again")
	}
	d.kubectl = kubectl{program: program, flags: []string{"--context", d.context}}
	if _, err := d.kubectl.output(ctx, nil, "get", "--raw", "/readyz", "--request-timeout=10s"); err != nil {
		return "", fmt.Errorf("the cluster of context %s does not answer; check kubectl config get-contexts: %w", d.context, err)
	}
	d.progress.say("use the cluster of context %s", d.context)
	fmt.Printf(`
The cluster has to hold these images, or to be able to pull them:
  %-42s the operator; DEMO_IMAGE names another
  %-42s the web application, and
  %-42s the worker; DEMO_REGISTRY names another registry
  The engines come from its default StackClass, or from the official images while it has none.
"go run -C hack/images . build demo" makes an archive of the second and third for docker load or kind load image-archive.

`, d.operatorImage(), d.registry+"/demo-web:1", d.registry+"/demo-worker:1")
	return d.image, nil
}

func (d *demo) operatorImage() string {
	if d.image != "" {
		return d.image
	}
	return releasedImage + " in the version of config/manager"
}

// install applies the CRDs and the operator, and on the local cluster the class of its images. An empty image is the released
// one.
func (d *demo) install(ctx context.Context, image string) error {
	d.progress.say("install the operator into %s", operatorNamespace)
	manifests, err := d.kubectl.output(ctx, nil, "kustomize", filepath.Join(d.root, "config", "default"))
	if err != nil {
		return err
	}
	if _, err := d.apply(ctx, withImage(manifests, image)); err != nil {
		return err
	}
	wait := []string{"wait", "--for=condition=Established", "--timeout=60s", "crd"}
	for _, plural := range []string{"backendstacks", "stackdatabases", "stackcaches", "stackqueues", "stackclasses"} {
		wait = append(wait, plural+".stackwright.dev")
	}
	if _, err := d.kubectl.output(ctx, nil, wait...); err != nil {
		return err
	}
	if d.context == "" {
		class, err := os.ReadFile(filepath.Join(d.root, "hack", "images", "catalog.yaml"))
		if err != nil {
			return err
		}
		if _, err := d.apply(ctx, string(class)); err != nil {
			return err
		}
	}
	return d.waitForOperator(ctx)
}

func (d *demo) waitForOperator(ctx context.Context) error {
	_, err := d.kubectl.output(ctx, nil, "rollout", "status", "deployment/stackwright",
		"--namespace", operatorNamespace, "--timeout", rolloutTimeout)
	if err != nil {
		d.showPods(ctx, operatorNamespace)
		return fmt.Errorf("the operator does not run: %w", err)
	}
	return d.waitForLeader(ctx)
}

// waitForLeader waits until a pod of the present rollout works: until then the status is what an earlier operator wrote.
func (d *demo) waitForLeader(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	for ctx.Err() == nil {
		pods, err := d.kubectl.output(ctx, nil, "get", "pods", "--namespace", operatorNamespace, "--output",
			`jsonpath={range .items[?(@.status.phase=="Running")]}{.metadata.deletionTimestamp}/{.metadata.name} {end}`)
		if err != nil {
			return err
		}
		holder, err := d.kubectl.output(ctx, nil, "get", "lease", "stackwright.dev", "--namespace", operatorNamespace,
			"--ignore-not-found", "--output", "jsonpath={.spec.holderIdentity}")
		if err != nil {
			return err
		}
		if leads(pods, holder) {
			return nil
		}
		pause(ctx, retryPause)
	}
	return fmt.Errorf("no pod of the operator has taken the lease after %s", leaderTimeout)
}

// leads says whether the holder of the lease is one of the pods, written as deletion time and name.
func leads(pods, holder string) bool {
	name, _, _ := strings.Cut(holder, "_")
	return name != "" && slices.Contains(strings.Fields(pods), "/"+name)
}

// withImage puts another image in the place of the released one.
func withImage(manifests, image string) string {
	if image == "" {
		return manifests
	}
	lines := strings.Split(manifests, "\n")
	for i, line := range lines {
		if before, _, found := strings.Cut(line, "image: "+releasedImage+":"); found {
			lines[i] = before + "image: " + image
		}
	}
	return strings.Join(lines, "\n")
}

func (d *demo) apply(ctx context.Context, manifests string, flags ...string) (string, error) {
	return d.kubectl.output(ctx, strings.NewReader(manifests), append([]string{"apply", "--filename", "-"}, flags...)...)
}

// applyShop applies the sample shop in its namespace, which enforces the strictest Pod Security profile.
func (d *demo) applyShop(ctx context.Context) error {
	d.progress.say("apply hack/demo/shop.yaml in namespace %s", d.namespace)
	namespace := fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels:\n"+
		"    pod-security.kubernetes.io/enforce: restricted\n", d.namespace)
	if _, err := d.apply(ctx, namespace); err != nil {
		return err
	}
	shop, err := os.ReadFile(filepath.Join(d.root, "hack", "demo", "shop.yaml"))
	if err != nil {
		return err
	}
	manifest := strings.ReplaceAll(string(shop), "image: "+testRegistry+"/", "image: "+d.registry+"/")
	_, err = d.apply(ctx, manifest, "--namespace", d.namespace)
	return err
}
