package recipe

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// engineAccounts says which account of the image each engine of the catalog has.
var engineAccounts = map[string]string{
	"PostgreSQL": "postgres", "MySQL": "mysql", "Valkey": "valkey", "Redis": "redis",
	"Memcached": "memcache", "RabbitMQ": "rabbitmq", "Nginx": "nginx", "Rclone": "app", "PgBouncer": "app",
	"PostgreSQLExporter": "app", "MySQLExporter": "app", "RedisExporter": "app", "MemcachedExporter": "app",
}

func TestCatalogNamesTheImagesAndUsersOfTheRecipe(t *testing.T) {
	content, err := os.ReadFile("../../catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(string(content), "- engine: ")[1:]
	if len(entries) != len(engineAccounts) {
		t.Fatalf("the catalog has %d engines, want %d", len(entries), len(engineAccounts))
	}
	for _, entry := range entries {
		engine := strings.TrimSpace(strings.SplitN(entry, "\n", 2)[0])
		checkCatalogEntry(t, engine, entry)
	}
}

func checkCatalogEntry(t *testing.T, engine, entry string) {
	t.Helper()
	image := field(entry, "image: ")
	if !slices.Contains(slices.Concat(engines().Tags, mysql().Tags, rclone().Tags, pgbouncer().Tags, exporters().Tags), image) {
		t.Errorf("%s has the image %q, which the recipe does not make", engine, image)
	}
	if version := strings.Trim(field(entry, "version: "), `"`); !strings.HasSuffix(image, ":"+version) {
		t.Errorf("%s has version %s and image %s", engine, version, image)
	}
	for _, user := range slices.Concat(engineUsers, mysqlRoot.Users) {
		want := fmt.Sprintf("{runAsUser: %d, runAsGroup: %d}", user.ID, user.ID)
		if user.Name == engineAccounts[engine] && field(entry, "user: ") != want {
			t.Errorf("%s runs as %q, want %q", engine, field(entry, "user: "), want)
		}
	}
}

func field(entry, key string) string {
	_, rest, _ := strings.Cut(entry, key)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
