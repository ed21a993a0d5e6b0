package kit_test

import (
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part/parttest"
)

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// FuzzIdentifier: names of the API become names that every engine takes, within its limit, and two never become one.
func FuzzIdentifier(f *testing.F) {
	f.Add([]byte(nil), []byte{1}, uint8(24))
	f.Add([]byte("shop-main"), []byte("shop_main"), uint8(63))
	f.Add(slices.Repeat([]byte{255, 36}, 60), slices.Repeat([]byte{255, 35}, 60), uint8(30))
	f.Fuzz(func(t *testing.T, one, other []byte, limit uint8) {
		names := func(data []byte) []string {
			s := parttest.NewSource(data)
			return []string{s.Label(63), s.Label(30), s.Label(30)}
		}
		a, b, most := names(one), names(other), 24+int(limit)%40
		first, second := kit.Identifier(most, a...), kit.Identifier(most, b...)
		if !identifier.MatchString(first) || len(first) > most {
			t.Errorf("%q within %d is %q", a, most, first)
		}
		if (first == second) != slices.Equal(a, b) {
			t.Errorf("%q and %q are %q and %q", a, b, first, second)
		}
	})
}

// FuzzNames: what carries a hash in its name has a legal one, the same for the same content, and another for any other.
func FuzzNames(f *testing.F) {
	f.Add([]byte("shop"), "key", "a", "b")
	f.Add(slices.Repeat([]byte{255, 36}, 60), "", "", "\x00")
	f.Fuzz(func(t *testing.T, data []byte, key, one, other string) {
		if !utf8.ValidString(one) || !utf8.ValidString(other) { // the API has no such texts
			return
		}
		s := parttest.NewSource(data)
		identity := kit.Identity{Name: s.Label(30), Instance: s.Label(44), Component: s.Label(8), Stack: s.Label(30)}
		config := func(value string) string {
			return kit.Config(identity, "shop", kit.Child(identity.Instance, "config"), map[string]string{key: value}).Name
		}
		job := func(value string) string {
			return kit.Job(identity, "shop", kit.Child(identity.Instance, "provision"), corev1.PodSpec{}, key, value).Name
		}
		for _, name := range []func(string) string{config, job} {
			first, again, second := name(one), name(one), name(other)
			if problems := validation.IsDNS1123Label(first); problems != nil {
				t.Errorf("%s: %v", first, problems)
			}
			if first != again || (first == second) != (one == other) {
				t.Errorf("%q and %q give %s, %s and %s", one, other, first, again, second)
			}
		}
		for label, value := range identity.Labels() {
			if problems := slices.Concat(validation.IsQualifiedName(label), validation.IsValidLabelValue(value)); problems != nil {
				t.Errorf("%s=%s: %v", label, value, problems)
			}
		}
		for label, value := range kit.ConsumerLabels(identity.Stack, identity.Name) {
			if problems := slices.Concat(validation.IsQualifiedName(label), validation.IsValidLabelValue(value)); problems != nil {
				t.Errorf("%s=%s: %v", label, value, problems)
			}
		}
	})
}

// FuzzSettings: a value that is taken is one that was meant: the whole of it, and of the sort that is named.
func FuzzSettings(f *testing.F) {
	for _, value := range []string{"1", "-5", "007", "1\n", "yes", "yes ", "64mb", "64mb\nx", "\u212a", "9223372036854775808"} {
		f.Add(value)
	}
	settings := kit.Settings{"number": kit.Whole(-5, 100), "word": kit.OneOf("yes", "no"), "text": kit.Matching("memory", "[0-9]+|[0-9]+mb")}
	meant := map[string]*regexp.Regexp{
		"number": regexp.MustCompile(`\A(-[1-5]|0|[1-9][0-9]?|100)\z`), "word": regexp.MustCompile(`\A(yes|no)\z`), "text": regexp.MustCompile(`\A[0-9]+(mb)?\z`),
	}
	f.Fuzz(func(t *testing.T, value string) {
		for name, pattern := range meant {
			if err := settings.Check(map[string]string{name: value}, nil); (err == nil) != pattern.MatchString(value) {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
		if _, known := meant[value]; !known && settings.Check(map[string]string{value: "1"}, nil) == nil {
			t.Errorf("%q is taken for a setting", value)
		}
	})
}
