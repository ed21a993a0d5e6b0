package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// builtinImages is the catalog of the official images. The first of an engine is its default version. The user ids are those
// of the images' own users. RabbitMQ stays at 4.2: from 4.3 on it refuses the queues that Celery up to 5.6 declares.
var builtinImages = []v1alpha1.CatalogImage{
	{Engine: "PostgreSQL", Version: "17", Image: "docker.io/library/postgres:17", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "PostgreSQL", Version: "18", Image: "docker.io/library/postgres:18.6", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "MySQL", Version: "8.4", Image: "docker.io/library/mysql:8.4.11", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "MySQL", Version: "9.7", Image: "docker.io/library/mysql:9.7.2", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "MongoDB", Version: "8.0", Image: "docker.io/library/mongo:8.0.29", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "Valkey", Version: "9.1", Image: "docker.io/valkey/valkey:9.1.4", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "Redis", Version: "8.10", Image: "docker.io/library/redis:8.10.1", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "Memcached", Version: "1.6", Image: "docker.io/library/memcached:1.6.45", User: &v1alpha1.ImageUser{RunAsUser: 11211}},
	{Engine: "RabbitMQ", Version: "4.2", Image: "docker.io/library/rabbitmq:4.2.9-management", User: &v1alpha1.ImageUser{RunAsUser: 999}},
	{Engine: "Nginx", Version: "1.30", Image: "docker.io/library/nginx:1.30.4", User: &v1alpha1.ImageUser{RunAsUser: 101}},
	{Engine: "PgBouncer", Version: "1.24", Image: "docker.io/edoburu/pgbouncer:v1.24.1-p1", User: &v1alpha1.ImageUser{RunAsUser: 70}},
	{Engine: "PostgreSQLExporter", Version: "0.20", Image: "quay.io/prometheuscommunity/postgres-exporter:v0.20.1", User: &v1alpha1.ImageUser{RunAsUser: 65534}},
	{Engine: "MySQLExporter", Version: "0.20", Image: "quay.io/prometheus/mysqld-exporter:v0.20.0", User: &v1alpha1.ImageUser{RunAsUser: 65534}},
	{Engine: "RedisExporter", Version: "1.88", Image: "docker.io/oliver006/redis_exporter:v1.88.0", User: &v1alpha1.ImageUser{RunAsUser: 59000}},
	{Engine: "MemcachedExporter", Version: "0.16", Image: "quay.io/prometheus/memcached-exporter:v0.16.0", User: &v1alpha1.ImageUser{RunAsUser: 65534}},
	{Engine: "Rclone", Version: "1.71", Image: "docker.io/rclone/rclone:1.71.2", User: &v1alpha1.ImageUser{RunAsUser: 65532}},
}

// EngineImage returns the image of an engine in a version; an empty version is the catalog's first.
func (c *Class) EngineImage(engine, version string) (part.Image, error) {
	of := func(catalog []v1alpha1.CatalogImage) []v1alpha1.CatalogImage {
		return slices.DeleteFunc(slices.Clone(catalog), func(i v1alpha1.CatalogImage) bool { return string(i.Engine) != engine })
	}
	catalog, given := of(c.Spec.Images), true
	if len(catalog) == 0 {
		catalog, given = of(builtinImages), false
	}
	var versions []string
	for _, image := range catalog {
		if version == "" || image.Version == version {
			result := c.catalogImage(image)
			switch {
			case given:
				result.Given = result.Name
				if image.User != nil {
					result.GivenUser = fmt.Sprintf("%d:%d", result.RunAsUser, result.RunAsGroup)
				}
			case result.Name != image.Image: // a mirror of the class's; the tag is still ours
				result.Given = untagged(result.Name)
			}
			return result, nil
		}
		versions = append(versions, image.Version)
	}
	return part.Image{}, part.Waiting(v1alpha1.ReasonVersionNotInCatalog, 0,
		"the image catalog has no %s %s; it has %s. Name one of them in version, or ask the platform team to add it to spec.images of the StackClass",
		engine, version, strings.Join(versions, ", "))
}

// untagged is an image name without tag and digest.
func untagged(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

func (c *Class) catalogImage(image v1alpha1.CatalogImage) part.Image {
	result := part.Image{Name: c.Mirrored(image.Image), Version: image.Version}
	for _, builtin := range builtinImages {
		if builtin.Engine == image.Engine {
			result.RunAsUser, result.RunAsGroup = builtin.User.RunAsUser, builtin.User.RunAsUser
		}
	}
	if image.User != nil {
		result.RunAsUser, result.RunAsGroup = image.User.RunAsUser, cmp.Or(image.User.RunAsGroup, image.User.RunAsUser)
	}
	return result
}

// Mirrored applies the longest mirror that matches the beginning of an image's full name.
func (c *Class) Mirrored(image string) string {
	full := fullName(image)
	var best v1alpha1.Mirror
	for _, mirror := range c.Spec.Mirrors {
		source := strings.TrimSuffix(mirror.Source, "/")
		if below(full, source) && len(source) > len(strings.TrimSuffix(best.Source, "/")) {
			best = mirror
		}
	}
	if best.Source == "" {
		return image
	}
	return strings.TrimSuffix(best.Mirror, "/") + strings.TrimPrefix(full, strings.TrimSuffix(best.Source, "/"))
}

// fullName adds what container runtimes add to a short image name.
func fullName(image string) string {
	first, _, found := strings.Cut(image, "/")
	switch {
	case !found:
		return "docker.io/library/" + image
	case first != "localhost" && !strings.ContainsAny(first, ".:"):
		return "docker.io/" + image
	}
	return image
}

// below says whether an image's full name is a registry, folder or name, or lies below it. A colon that a slash follows begins a
// port: that is another registry. A path that goes up is below nothing.
func below(full, prefix string) bool {
	rest, matches := strings.CutPrefix(full, prefix)
	switch {
	case !matches, strings.Contains(rest+"/", "/../"):
		return false
	case rest == "" || rest[0] == '/':
		return true
	}
	return strings.ContainsRune(":@", rune(rest[0])) && !strings.Contains(rest, "/")
}

// checkRegistry refuses images of components from elsewhere than the class allows.
func (c *Class) checkRegistry(field, image string) error {
	if c.Spec.Limits == nil || len(c.Spec.Limits.Registries) == 0 {
		return nil
	}
	for _, registry := range c.Spec.Limits.Registries {
		if below(fullName(image), strings.TrimSuffix(registry, "/")) {
			return nil
		}
	}
	return part.Invalid(v1alpha1.ReasonLimitExceeded, "%s: the class allows images from %s only, not %s",
		field, strings.Join(c.Spec.Limits.Registries, ", "), image)
}
