package components_test

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// used is a service that a component uses: one of ours with all its facts, or a Secret of the user.
func used(s *parttest.Source, name string) part.Dependency {
	d := part.Dependency{Name: name, Kind: "Secret", Secret: "rds", Type: s.Label(20), Default: s.Bool()}
	if s.Bool() {
		d.Kind, d.Type, d.HasCA, d.CA = "StackDatabase", "", s.Bool(), s.Text()
		d.Keys = []string{"type", "provider", "host", "port", "username", "password", "database", "uri"}
	}
	d.Engine = parttest.Pick(s, "PostgreSQL", "Valkey", "RabbitMQ", "Memcached", "MySQL", "")
	if s.Int(3) == 1 {
		d.Renamed = &v1alpha1.BindingKeys{Host: "a", Port: "b", Password: "c"}
	}
	return d
}

// FuzzBuild: a component with any services and variables makes sound objects; each variable stands there once, the user's value
// wins, and what comes from a Secret is only referred to.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a component with some services and variables \x01\x03\x05\x07"))
	f.Add(slices.Repeat([]byte{3, 1, 255, 2, 1}, 60))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parttest.NewSource(data)
		stack := &part.Stack{Namespace: s.Label(63), Name: s.Label(13), ClusterDomain: "cluster.local", Production: s.Bool(), Suspended: s.Bool()}
		c := part.Component{
			Image: "ghcr.io/acme/shop:1", Resources: s.Resources(), SidecarResources: s.Resources(), Replicas: int32(s.Int(4)), //nolint:gosec // small
			Autoscaled: s.Bool(), MinReplicas: 1, MaxReplicas: int32(1 + s.Int(9)), Called: s.Bool(), Internet: s.Bool(), //nolint:gosec // small
		}
		c.Spec = v1alpha1.Component{
			Name: v1alpha1.EntryName(s.Label(30)), Command: []string{s.Text()}, HealthPath: s.Text(),
			Runtime: parttest.Pick(s, v1alpha1.RuntimeCustom, v1alpha1.RuntimeNodeJS),
		}
		if s.Bool() {
			c.Spec.Port = kit.Ptr(int32(1 + s.Int(200))) //nolint:gosec // small
		}
		for i := range s.Int(4) {
			c.Uses = append(c.Uses, used(s, s.Label(28)+string(rune('a'+i))))
		}
		declared := map[string]string{}
		for range s.Int(5) {
			name, value := parttest.Pick(s, "PORT", "A", "DATABASE_URL", "NODE_OPTIONS", "SERVICE_BINDING_ROOT"), s.Text()
			declared[name] = value
			c.Spec.Env = slices.DeleteFunc(c.Spec.Env, func(e v1alpha1.EnvVar) bool { return e.Name == name })
			c.Spec.Env = append(c.Spec.Env, v1alpha1.EnvVar{Name: name, Value: &value})
		}
		stack.Components = []part.Component{c}
		output := parttest.Sound(t, stack.Namespace, func() (part.Output, error) { return build(stack) })
		if output == nil {
			t.Fatal("a legal component is refused")
		}
		for _, object := range output.Objects {
			if deployment, ok := object.(*appsv1.Deployment); ok {
				checkPod(t, &deployment.Spec.Template.Spec, declared)
			}
		}
	})
}

func checkPod(t *testing.T, pod *corev1.PodSpec, declared map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, env := range pod.Containers[0].Env {
		if seen[env.Name] || env.Name == "" {
			t.Errorf("%s stands there twice", env.Name)
		}
		seen[env.Name] = true
		want, user := declared[env.Name]
		if user && (env.Value != want || env.ValueFrom != nil) {
			t.Errorf("%s is %+v, not %q", env.Name, env, want)
		}
		if (strings.HasSuffix(env.Name, "_PASSWORD") || strings.HasSuffix(env.Name, "_URL")) && !user && env.ValueFrom == nil {
			t.Errorf("%s is %q in clear text", env.Name, env.Value)
		}
	}
	for name := range declared {
		if !seen[name] {
			t.Errorf("%s is lost", name)
		}
	}
	volumes := map[string]bool{}
	for _, volume := range pod.Volumes {
		if volumes[volume.Name] || len(volume.Name) > 63 {
			t.Errorf("the volume %s", volume.Name)
		}
		volumes[volume.Name] = true
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !volumes[mount.Name] {
			t.Errorf("the mount %s has no volume", mount.Name)
		}
	}
}
