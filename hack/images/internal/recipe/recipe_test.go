package recipe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/hack/images/internal/store"
)

func testShop(t *testing.T) Shop {
	t.Helper()
	source := t.TempDir()
	write(t, filepath.Join(source, "demo", "web", "server.js"), "one")
	write(t, filepath.Join(source, "demo", "worker", "shop.py"), "one")
	return Shop{Store: store.Store{Dir: t.TempDir()}, Source: source, Out: os.Stderr}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func key(t *testing.T, shop Shop, recipe Recipe) string {
	t.Helper()
	key, err := shop.Key(recipe)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyFollowsWhatIsShipped(t *testing.T) {
	shop := testShop(t)
	before := key(t, shop, demo())
	write(t, filepath.Join(shop.Source, "demo", "web", "node_modules", "pg", "index.js"), "x")
	write(t, filepath.Join(shop.Source, "demo", "web", "test", "a.test.js"), "x")
	write(t, filepath.Join(shop.Source, "demo", "worker", "__pycache__", "shop.pyc"), "x")
	if got := key(t, shop, demo()); got != before {
		t.Error("files that stay out of the image changed the key")
	}
	write(t, filepath.Join(shop.Source, "demo", "worker", "shop.py"), "two")
	if got := key(t, shop, demo()); got == before {
		t.Error("a change of the worker did not change the key")
	}
}

func TestKeyFollowsTheBase(t *testing.T) {
	shop := testShop(t)
	before := key(t, shop, demo())
	saved := engineRoot
	t.Cleanup(func() { engineRoot = saved })
	engineRoot.Suite = "another"
	if key(t, shop, demo()) == before {
		t.Error("a change of the engines' root file system did not change the key of what builds on it")
	}
}

func TestFindNamesTheChoices(t *testing.T) {
	_, err := Find("nothing")
	if err == nil || !strings.Contains(err.Error(), "engines, demo, mysql") {
		t.Errorf("got %v, want the names to choose from", err)
	}
}

func TestImageNamesAreOfTheTestDomain(t *testing.T) {
	for _, recipe := range All() {
		for _, tag := range recipe.Tags {
			if !strings.HasPrefix(tag, "stackwright.test/") {
				t.Errorf("%s has the image %s outside the test domain", recipe.Name, tag)
			}
		}
	}
}
