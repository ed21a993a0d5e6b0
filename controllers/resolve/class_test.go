package resolve_test

import (
	"context"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

func TestChoiceOfClass(t *testing.T) {
	for _, c := range []struct {
		what, named  string
		classes      []client.Object
		want, reason string
	}{
		{"no class at all", "", nil, "", ""},
		{"the default", "", []client.Object{class(t, "default a", "{}"), class(t, "b", "{}")}, "a", ""},
		{"the one that is named", "b", []client.Object{class(t, "default a", "{}"), class(t, "b", "{}")}, "b", ""},
		{"no default", "", []client.Object{class(t, "a", "{}")}, "", v1alpha1.ReasonNamespaceNotAllowed},
		{"two defaults", "", []client.Object{class(t, "default a", "{}"), class(t, "default b", "{}")}, "", v1alpha1.ReasonClassAmbiguous},
		{"two defaults and one that is named", "b", []client.Object{class(t, "default a", "{}"), class(t, "default b", "{}")}, "b", ""},
		{"one that does not exist", "c", []client.Object{class(t, "default a", "{}")}, "", v1alpha1.ReasonClassNotFound},
		{"one that does not exist, and no other", "c", nil, "", v1alpha1.ReasonClassNotFound},
		{"admitted", "a", []client.Object{class(t, "a", `{namespaces: {matchLabels: {team: shop}}}`)}, "a", ""},
		{"not admitted", "a", []client.Object{class(t, "a", `{namespaces: {matchLabels: {team: other}}}`)}, "", v1alpha1.ReasonNamespaceNotAllowed},
		{"not admitted by the default", "", []client.Object{class(t, "default a", `{namespaces: {matchLabels: {team: other}}}`)}, "", v1alpha1.ReasonNamespaceNotAllowed},
		{"a selector that cannot be read", "a", []client.Object{class(t, "a", `{namespaces: {matchExpressions: [{key: a, operator: Near}]}}`)}, "", v1alpha1.ReasonNamespaceNotAllowed},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := cluster(c.classes...).Class(context.Background(), "shop", c.named)
			if c.reason != "" {
				fails(t, err, c.reason)
			} else if err != nil || got.Name != c.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestDeletedClassChangesNothing: a data service that was made with a class waits without it.
func TestDeletedClassChangesNothing(t *testing.T) {
	_, err := cluster().Service(context.Background(), database(t, "shop", "main", "{stackClassName: gold}"))
	fails(t, err, v1alpha1.ReasonClassNotFound, "gold", "Nothing is changed")
}

func TestSizes(t *testing.T) {
	gold := &resolve.Class{Spec: class(t, "a", `{sizes: [{name: Small, cpu: "2", memory: 3Gi}, {name: Huge, cpu: "8", memory: 64Gi}]}`).Spec}
	for _, c := range []struct {
		what, size, explicit string
		class                *resolve.Class
		cpu, memory, limit   string
	}{
		{"default", "", "", &resolve.Class{}, "250m", "512Mi", "512Mi"},
		{"built in", "Large", "", &resolve.Class{}, "1", "2Gi", "2Gi"},
		{"redefined", "", "", gold, "2", "3Gi", "3Gi"},
		{"added", "Huge", "", gold, "8", "64Gi", "64Gi"},
		{"memory", "", "{requests: {memory: 1Gi}}", &resolve.Class{}, "250m", "1Gi", "1Gi"},
		{"limit", "", "{limits: {memory: 1Gi}}", &resolve.Class{}, "250m", "512Mi", "1Gi"},
		{"limit below the size", "", "{limits: {memory: 64Mi}}", &resolve.Class{}, "250m", "64Mi", "64Mi"},
		{"cpu", "", "{requests: {cpu: 10m}}", &resolve.Class{}, "10m", "512Mi", "512Mi"},
		{"limit of cpu below the size", "", "{limits: {cpu: 100m}}", &resolve.Class{}, "100m", "512Mi", "512Mi"},
	} {
		var explicit *v1alpha1.Resources
		if c.explicit != "" {
			explicit = &v1alpha1.Resources{}
			read(t, c.explicit, explicit)
		}
		got, err := c.class.Resources("spec.size", c.size, explicit)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		cpu, memory, limit := got.Requests.Cpu().String(), got.Requests.Memory().String(), got.Limits.Memory().String()
		if cpu != c.cpu || memory != c.memory || limit != c.limit {
			t.Errorf("%s: %s, %s, %s", c.what, cpu, memory, limit)
		}
	}
	_, err := gold.Resources("spec.size", "Tiny", nil)
	fails(t, err, v1alpha1.ReasonInvalid, "spec.size", "Tiny", "Huge", "Nano")
	again, _ := (&resolve.Class{}).Resources("", "", nil)
	if again.Requests.Memory().String() != "512Mi" {
		t.Error("explicit resources changed the built-in size for everybody")
	}
}

func TestImages(t *testing.T) {
	catalog := &resolve.Class{Spec: class(t, "a", `
images:
- {engine: PostgreSQL, version: "18", image: registry.acme.example/pg:18, user: {runAsUser: 26, runAsGroup: 27}}
- {engine: PostgreSQL, version: "17", image: registry.acme.example/pg:17}`).Spec}
	builtin, err := (&resolve.Class{}).EngineImage("PostgreSQL", "")
	if err != nil || builtin.Version == "" || builtin.RunAsUser == 0 {
		t.Errorf("%+v, %v", builtin, err)
	}
	first, err := catalog.EngineImage("PostgreSQL", "")
	if want := (part.Image{
		Name: "registry.acme.example/pg:18", Given: "registry.acme.example/pg:18", GivenUser: "26:27", Version: "18", RunAsUser: 26, RunAsGroup: 27,
	}); err != nil || first != want {
		t.Errorf("%+v, %v", first, err)
	}
	second, err := catalog.EngineImage("PostgreSQL", "17")
	if err != nil || second.RunAsUser != builtin.RunAsUser {
		t.Errorf("%+v, %v", second, err)
	}
	if other, err := catalog.EngineImage("Valkey", ""); err != nil || other.Name == "" {
		t.Errorf("an engine that the class does not name: %+v, %v", other, err)
	}
	_, err = catalog.EngineImage("PostgreSQL", "16")
	fails(t, err, v1alpha1.ReasonVersionNotInCatalog, "16", "18, 17")
}

func TestMirrors(t *testing.T) {
	mirrors := &resolve.Class{Spec: class(t, "a", `
mirrors:
- {source: docker.io, mirror: mirror.acme.example/hub/}
- {source: docker.io/library/, mirror: mirror.acme.example/official}
- {source: quay.io/acme, mirror: mirror.acme.example/quay}`).Spec}
	for image, want := range map[string]string{
		"nginx":                            "mirror.acme.example/official/nginx",
		"nginx:1.30":                       "mirror.acme.example/official/nginx:1.30",
		"acme/shop@sha256:abc":             "mirror.acme.example/hub/acme/shop@sha256:abc",
		"docker.io/acme/shop":              "mirror.acme.example/hub/acme/shop",
		"docker.io.evil.example/acme/shop": "docker.io.evil.example/acme/shop",
		"quay.io/acme/x":                   "mirror.acme.example/quay/x",
		"quay.io/acme":                     "mirror.acme.example/quay",
		"quay.io/acmeevil/x":               "quay.io/acmeevil/x",
		"docker.io:5000/acme/shop":         "docker.io:5000/acme/shop",
		"quay.io/acme:1":                   "mirror.acme.example/quay:1",
		"ghcr.io/a/b":                      "ghcr.io/a/b",
		"localhost/a":                      "localhost/a",
		"registry:5000/a":                  "registry:5000/a",
	} {
		if got := mirrors.Mirrored(image); got != want {
			t.Errorf("%s becomes %s, not %s", image, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	limited := class(t, "default a", `
storage: {default: fast, allowed: [fast, slow]}
limits: {maxReplicas: 4, engines: [Valkey], maxStorage: 20Gi, registries: [ghcr.io/acme]}`)
	for _, c := range []struct {
		what, spec string
		words      []string
	}{
		{"replicas", `{components: [{name: web, image: ghcr.io/acme/a, port: 80, replicas: 5}]}`, []string{"spec.components[web]", "5", "4"}},
		{"scale", `{components: [{name: web, image: ghcr.io/acme/a, port: 80, scale: {max: 9}}]}`, []string{"9", "4"}},
		{"registry", `{components: [{name: web, image: ghcr.io/acmeevil/a, port: 80}]}`, []string{"image", "ghcr.io/acme", "acmeevil"}},
		{"another port of the registry's host", `{components: [{name: web, image: "ghcr.io:8443/acme/a", port: 80}]}`, []string{"image", "ghcr.io:8443"}},
		{"a path that leaves the registry's folder", `{components: [{name: web, image: ghcr.io/acme/../evil/a, port: 80}]}`, []string{"image", "ghcr.io/acme/../evil/a"}},
		{"registry of an init container", `{components: [{name: web, image: ghcr.io/acme/a, port: 80, initContainers: [{name: i, image: evil/a}]}]}`, []string{"initContainers[i]", "evil/a"}},
		{"size of a volume", `{volumes: [{name: v, size: 30Gi}]}`, []string{"spec.volumes[v]", "30Gi", "20Gi"}},
		{"class of a volume", `{volumes: [{name: v, size: 1Gi, storageClassName: gold}]}`, []string{"gold", "fast, slow"}},
	} {
		_, err := cluster(limited.DeepCopy()).Stack(context.Background(), stack(t, c.spec))
		t.Run(c.what, func(t *testing.T) { fails(t, err, v1alpha1.ReasonLimitExceeded, c.words...) })
	}
	_, err := cluster(limited.DeepCopy()).Service(context.Background(), database(t, "shop", "main", "{}"))
	fails(t, err, v1alpha1.ReasonLimitExceeded, "PostgreSQL", "Valkey")
}

func TestStorageClasses(t *testing.T) {
	_, err := cluster().Service(context.Background(), database(t, "shop", "main", "{storage: {storageClassName: gold}}"))
	fails(t, err, v1alpha1.ReasonStorageClassNotFound, "gold", "spec.storage", "make that again")
	_, err = bare().Service(context.Background(), database(t, "shop", "main", "{}"))
	fails(t, err, v1alpha1.ReasonStorageClassNotFound, "no default StorageClass")
	sound, err := cluster().Service(context.Background(), database(t, "shop", "main", "{storage: {size: 7Gi}}"))
	if err != nil || sound.Service.Storage.Size.String() != "7Gi" || sound.Service.Storage.ClassName != "" {
		t.Errorf("%+v, %v", sound.Service, err)
	}
}

func TestPlacements(t *testing.T) {
	placed := &resolve.Class{Spec: class(t, "a", `
placements:
- {name: default, nodeSelector: {pool: general}}
- {name: gpu, priorityClassName: high}`).Spec}
	if got, err := placed.Placement("f", ""); err != nil || got.NodeSelector["pool"] != "general" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := placed.Placement("f", "gpu"); err != nil || got.PriorityClassName != "high" || got.NodeSelector != nil {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := placed.Placement("spec.placement", "arm")
	fails(t, err, v1alpha1.ReasonInvalid, "spec.placement", "arm")
}

// TestReplicas: two in production, one elsewhere, and what is written is what runs.
func TestReplicas(t *testing.T) {
	development := class(t, "default a", "{profile: Development}")
	for _, c := range []struct {
		what, settings        string
		class                 []client.Object
		replicas, least, most int32
		autoscaled            bool
	}{
		{"production", "", nil, 2, 0, 0, false},
		{"development", "", []client.Object{development}, 1, 0, 0, false},
		{"written", "replicas: 1", nil, 1, 0, 0, false},
		{"none", "replicas: 0", nil, 0, 0, 0, false},
		{"never two at once", "strategy: {type: Recreate}", nil, 1, 0, 0, false},
		{"scaled", "scale: {max: 5}", nil, 2, 2, 5, true},
		{"scaled to one at most", "scale: {max: 1}", nil, 1, 1, 1, true},
		{"scaled from a minimum", "scale: {min: 3, max: 5}", nil, 3, 3, 5, true},
		{"scaled in development", "scale: {max: 5}", []client.Object{development}, 1, 1, 5, true},
	} {
		spec := "{components: [{name: web, image: a, port: 80, " + c.settings + "}]}"
		var objects []client.Object
		for _, object := range c.class {
			objects = append(objects, object.DeepCopyObject().(client.Object)) //nolint:forcetypeassert // a copy of an object
		}
		got := component(t, plan(t, cluster(objects...), stack(t, spec)), "web")
		if got.Replicas != c.replicas || got.MinReplicas != c.least || got.MaxReplicas != c.most || got.Autoscaled != c.autoscaled {
			t.Errorf("%s: %d pods, from %d to %d, autoscaled %v", c.what, got.Replicas, got.MinReplicas, got.MaxReplicas, got.Autoscaled)
		}
	}
}

func TestDefaultsOfComponents(t *testing.T) {
	got := plan(t, cluster(), stack(t, `
defaults:
  image: acme/shop:1
  env: [{name: A, value: "1"}, {name: B, value: "2"}]
  envFrom: [{secretRef: {name: common}}]
  imagePullSecrets: [{name: pull}]
components:
- {name: web, port: 80, env: [{name: B, value: mine}], envFrom: [{secretRef: {name: own}}]}
- {name: other, image: acme/other:1, port: 80, uses: [], imagePullSecrets: [{name: first}, {name: pull}]}`))
	web, other := component(t, got, "web").Spec, component(t, got, "other").Spec
	switch {
	case web.Image != "acme/shop:1" || len(web.ImagePullSecrets) != 1:
		t.Errorf("%+v", web)
	case len(web.Env) != 2 || *web.Env[0].Value != "1" || *web.Env[1].Value != "mine":
		t.Errorf("%+v", web.Env)
	case len(web.EnvFrom) != 2 || web.EnvFrom[0].SecretRef.Name != "common":
		t.Errorf("%+v", web.EnvFrom)
	case len(other.Env) != 0 || len(other.EnvFrom) != 0:
		t.Errorf("a component with its own image inherits %+v", other)
	case len(other.ImagePullSecrets) != 2 || other.ImagePullSecrets[0].Name != "first":
		t.Errorf("%+v", other.ImagePullSecrets)
	}
}
