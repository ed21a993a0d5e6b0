package resolve

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

// segments are what an image's name consists of: the registry, the folders, and the name without tag and digest.
func segments(image string) []string {
	name, _, _ := strings.Cut(image, "@")
	parts := strings.Split(name, "/")
	last, _, _ := strings.Cut(parts[len(parts)-1], ":")
	parts[len(parts)-1] = last
	switch {
	case len(parts) == 1:
		return []string{"docker.io", "library", last}
	case parts[0] != "localhost" && !strings.ContainsAny(parts[0], ".:"):
		return append([]string{"docker.io"}, parts...)
	}
	return parts
}

// FuzzImages: an image is let in only where it is below an allowed registry or folder, by whole segments, and a mirror takes
// the place of the beginning and of nothing else.
func FuzzImages(f *testing.F) {
	f.Add("ghcr.io/acme/shop:1", "ghcr.io/acme")
	f.Add("ghcr.io/acme-evil/shop@sha256:0", "ghcr.io/acme")
	f.Add("nginx", "docker.io/library")
	f.Add("registry.example.com:5000/x", "registry.example.com")
	f.Fuzz(func(t *testing.T, image, allowed string) {
		if !plainImage(image) || !plainImage(allowed) {
			return
		}
		class := &Class{Spec: v1alpha1.StackClassSpec{
			Limits: &v1alpha1.ClassLimits{Registries: []string{allowed}}, Mirrors: []v1alpha1.Mirror{{Source: allowed, Mirror: "mirror.example.com/x/"}},
		}}
		wide, have := strings.Split(strings.TrimSuffix(allowed, "/"), "/"), segments(image)
		below := len(wide) <= len(have) && slices.Equal(wide, have[:min(len(wide), len(have))])
		let := class.checkRegistry("image", image) == nil
		if let && !below && !strings.Contains(allowed, ":") {
			t.Errorf("%q is let in by %q", image, allowed)
		}
		if below && !let {
			t.Errorf("%q is refused by %q", image, allowed)
		}
		mirrored := class.Mirrored(image)
		if rest, moved := strings.CutPrefix(mirrored, "mirror.example.com/x"); moved != let || moved && strings.TrimSuffix(allowed, "/")+rest != fullName(image) {
			t.Errorf("%q by %q is pulled as %q", image, allowed, mirrored)
		}
	})
}

// plainImage says whether a text could be the name of an image, as the schema has it.
func plainImage(text string) bool {
	return text != "" && !strings.Contains(text, "//") && !strings.HasPrefix(text, "/") && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789./:@_-") == ""
}

// FuzzResources: whatever a user writes over a size, requests stay within limits, and the given amounts are kept where they can.
func FuzzResources(f *testing.F) {
	f.Add([]byte(nil), int64(0), int64(0))
	f.Add([]byte{1, 1}, int64(1<<20), int64(1<<30))
	f.Add([]byte{3, 1}, int64(1<<62), int64(1))
	f.Fuzz(func(t *testing.T, data []byte, request, limit int64) {
		if request < 0 || limit < 0 {
			return
		}
		s := parttest.NewSource(data)
		explicit, amount := &v1alpha1.Resources{}, func(n int64) *resource.Quantity { return resource.NewQuantity(n, resource.BinarySI) }
		if request > 0 {
			explicit.Requests = &v1alpha1.ResourceAmounts{Memory: amount(request)}
		}
		if limit > 0 {
			explicit.Limits = &v1alpha1.ResourceAmounts{Memory: amount(limit)}
		}
		got, err := (&Class{}).Resources("size", parttest.Pick(s, "", "Nano", "XLarge"), explicit)
		if err != nil {
			t.Fatal(err)
		}
		wanted, most := got.Requests[corev1.ResourceMemory], got.Limits[corev1.ResourceMemory]
		if wanted.Cmp(most) > 0 || most.IsZero() || got.Requests.Cpu().IsZero() {
			t.Errorf("%d and %d give %v", request, limit, got)
		}
		if limit > 0 && most.Value() != limit || limit == 0 && request > 0 && most.Value() != request {
			t.Errorf("%d and %d give the limit %s", request, limit, most.String())
		}
		if again, _ := (&Class{}).Resources("size", "Small", nil); again.Limits.Memory().Value() != 512<<20 {
			t.Errorf("the built-in size became %v", again)
		}
	})
}
