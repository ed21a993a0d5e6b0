// Package upgrade replaces the operator by another build of it and back while stacks run: no pod is restarted, no template
// changes, and what a newer build would render otherwise waits to be let out.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// Campaign goes from the released versions to the working tree and back, and from the working tree to a build with other pod
// templates and back.
type Campaign struct {
	// Say prints progress.
	Say func(format string, args ...any)
}

// Name of the campaign.
func (Campaign) Name() (name, tries string) {
	return "upgrade", "Upgrade: golden manifests per released version plus a live run old binary → new binary → old binary: " +
		"0 pod restarts, 0 template changes"
}

// supported is from how many versions back an upgrade is tried.
const supported = 2

// Prepare builds the binaries.
func (c Campaign) Prepare(ctx context.Context, lanes []*rig.Lane, only string) ([]campaign.Plan, error) {
	settings := lanes[0].Settings
	samples, err := samples(settings.Root)
	if err != nil {
		return nil, err
	}
	versions, err := versions(ctx, settings.Root)
	if err != nil {
		return nil, err
	}
	var plans []campaign.Plan
	for _, version := range versions {
		if !campaign.Wanted("upgrade/"+version+"/", only) {
			continue
		}
		c.Say("upgrade: the operator of %s", version)
		binary, err := buildVersion(ctx, settings, version)
		if err != nil {
			return nil, err
		}
		plans = append(plans, replaced("upgrade/"+version+"/", samples, replacement{from: binary, to: settings.Binary})...)
	}
	if campaign.Wanted("upgrade/other-templates/", only) {
		c.Say("upgrade: the operator with other templates")
		binary, err := buildOther(ctx, settings)
		if err != nil {
			return nil, err
		}
		plans = append(plans, replaced("upgrade/other-templates/", samples, replacement{from: settings.Binary, to: binary, other: true})...)
	}
	return plans, nil
}

func replaced(prefix string, samples []sample, r replacement) []campaign.Plan {
	var plans []campaign.Plan
	for _, s := range samples {
		plans = append(plans, campaign.Plan{ID: prefix + s.name, Run: func(ctx context.Context, lane *rig.Lane) error { return r.run(ctx, lane, s) }})
	}
	return plans
}

// versions are the last releases. Before the first one it is what was committed last.
func versions(ctx context.Context, root string) ([]string, error) {
	output, err := exec.CommandContext(ctx, "git", "-C", root, "tag", "--list", "v*", "--sort=-version:refname").Output()
	if err != nil {
		return nil, fmt.Errorf("the released versions: %w", err)
	}
	tags := strings.Fields(string(output))
	if len(tags) == 0 {
		return []string{"HEAD"}, nil
	}
	return tags[:min(supported, len(tags))], nil
}

// buildVersion builds the operator of a version beside the lane's own.
func buildVersion(ctx context.Context, settings rig.Settings, version string) (string, error) {
	source := filepath.Join(filepath.Dir(settings.Binary), "source-"+version)
	if err := os.MkdirAll(source, 0o750); err != nil {
		return "", err
	}
	archive := exec.CommandContext(ctx, "git", "-C", settings.Root, "archive", "--format=tar", version)
	extract := exec.CommandContext(ctx, "tar", "-x", "-C", source)
	var err error
	if extract.Stdin, err = archive.StdoutPipe(); err != nil {
		return "", err
	}
	if err := errors.Join(extract.Start(), archive.Run(), extract.Wait()); err != nil {
		return "", fmt.Errorf("the tree of %s: %w", version, err)
	}
	binary := filepath.Join(filepath.Dir(settings.Binary), "stackwright-"+version)
	return binary, rig.Build(ctx, source, binary)
}

// buildOther builds the operator of the working tree with one more field in every pod template.
func buildOther(ctx context.Context, settings rig.Settings) (string, error) {
	root, err := filepath.Abs(settings.Root)
	if err != nil {
		return "", err
	}
	pod := filepath.Join(root, "controllers", "kit", "pod.go")
	content, err := os.ReadFile(pod)
	if err != nil {
		return "", err
	}
	const place = "spec := corev1.PodSpec{\n"
	changed := strings.Replace(string(content), place, place+"\t\tShareProcessNamespace: Ptr(false),\n", 1)
	if changed == string(content) {
		return "", fmt.Errorf("%s has no place for another field", pod)
	}
	folder := filepath.Dir(settings.Binary)
	copied, overlay, binary := filepath.Join(folder, "pod.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, "stackwright-other")
	if err := errors.Join(
		os.WriteFile(copied, []byte(changed), 0o600),
		os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, pod, copied), 0o600),
	); err != nil {
		return "", err
	}
	return binary, rig.Build(ctx, root, binary, "-overlay", overlay)
}

// sample is a stack of the documentation.
type sample struct{ name, manifests string }

// namespaces of the samples are those of the plan.
var namespaces = strings.NewReplacer(
	"namespace: data", "namespace: OTHER", "namespace: shop", "namespace: OWN", "namespace: reports", "namespace: OWN",
)

// samples are those of config/samples, but for the one of platform teams, which makes no stack.
func samples(root string) ([]sample, error) {
	files, err := filepath.Glob(filepath.Join(root, "config", "samples", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var result []sample
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name != "stackclass" {
			result = append(result, sample{name, namespaces.Replace(string(content))})
		}
	}
	if !slices.ContainsFunc(result, func(s sample) bool { return s.name == "shop" }) {
		return nil, errors.New("there are no samples")
	}
	return result, nil
}
