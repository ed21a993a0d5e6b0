package components

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// bindingRoot is where servicebinding.io libraries look: one folder per service, one file per fact.
	bindingRoot = "/bindings"
	// kindSecret is the kind of a dependency that a Secret of the user describes.
	kindSecret = "Secret"
	// factCA is the file with the certificates of the service's authority.
	factCA = "ca.crt"
	// factURI is the fact with the whole connection address.
	factURI = "uri"
	// factDirect is the address past a pooler.
	factDirect = "direct-uri"
	// fileMode lets every user read: which user the image has is not known, and only this pod's containers see the files.
	fileMode = 0o444
)

// factVariables are the facts that become variables, in the order in which they are set.
var factVariables = []struct{ fact, suffix string }{
	{"host", "_HOST"},
	{"port", "_PORT"},
	{"username", "_USERNAME"},
	{"password", "_PASSWORD"},
	{"database", "_DATABASE"},
	{factURI, "_URL"},
}

func isExternal(d *part.Dependency) bool { return d.Kind == kindSecret }

// bindingType is what servicebinding.io libraries choose a driver by.
func bindingType(d *part.Dependency) string {
	if d.Type != "" {
		return d.Type
	}
	return strings.ToLower(d.Engine)
}

// annotationBindingType is the pod annotation that holds the type of a service that a Secret of the user describes.
func annotationBindingType(entry string) string { return "bindings.stackwright.dev/" + entry }

// bindingEnv are the variables <NAME>_HOST and so on, for each fact that exists or may exist.
func bindingEnv(d *part.Dependency) []corev1.EnvVar {
	prefix := variablePrefix(d.Name)
	var env []corev1.EnvVar
	for _, variable := range factVariables {
		if factExists(d, variable.fact) {
			env = append(env, factEnv(d, prefix+variable.suffix, variable.fact))
		}
	}
	if slices.Contains(d.Keys, factDirect) { // for migrations, and whatever needs a session of its own
		env = append(env, factEnv(d, prefix+"_DIRECT_URL", factDirect))
	}
	if d.PoolSize > 0 {
		env = append(env, corev1.EnvVar{Name: prefix + "_POOL_SIZE", Value: strconv.Itoa(int(d.PoolSize))})
	}
	return env
}

// mayLackFacts says that nobody declared what is in the Secret.
func mayLackFacts(d *part.Dependency) bool { return d.Renamed == nil && d.Keys == nil }

// factExists says whether the Secret has the fact, or may have it because nobody said what is in it.
func factExists(d *part.Dependency, fact string) bool {
	switch {
	case d.Renamed != nil:
		return slices.ContainsFunc(renamedItems(d.Renamed), func(item corev1.KeyToPath) bool { return item.Path == fact })
	case d.Keys == nil:
		return true
	}
	return slices.Contains(d.Keys, fact)
}

// factEnv reads a fact from its key. A pod does not start without a key that was promised.
func factEnv(d *part.Dependency, variable, fact string) corev1.EnvVar {
	env := kit.SecretEnv(variable, d.Secret, factKey(d, fact))
	if mayLackFacts(d) {
		env.ValueFrom.SecretKeyRef.Optional = kit.Ptr(true)
	}
	return env
}

// factKey is the key of the Secret under which a fact stands.
func factKey(d *part.Dependency, fact string) string {
	if d.Renamed != nil {
		for _, item := range renamedItems(d.Renamed) {
			if item.Path == fact {
				return item.Key
			}
		}
	}
	return fact
}

// renamedItems lead from the keys of a user's Secret to facts.
func renamedItems(keys *v1alpha1.BindingKeys) []corev1.KeyToPath {
	all := []corev1.KeyToPath{
		{Key: keys.Host, Path: "host"},
		{Key: keys.Port, Path: "port"},
		{Key: keys.Username, Path: "username"},
		{Key: keys.Password, Path: "password"},
		{Key: keys.Database, Path: "database"},
		{Key: keys.URI, Path: factURI},
		{Key: keys.Certificates, Path: factCA},
	}
	return slices.DeleteFunc(all, func(item corev1.KeyToPath) bool { return item.Key == "" })
}

// bindingVolume shows the facts of a service as files.
func bindingVolume(d *part.Dependency) corev1.Volume {
	if isExternal(d) {
		return externalVolume(d)
	}
	volume := kit.SecretVolume(bindingVolumeName(d.Name), d.Secret)
	volume.Secret.DefaultMode = kit.Ptr(int32(fileMode))
	return volume
}

// externalVolume shows a Secret of the user under the names of servicebinding.io, with the file type from an annotation of
// the pod: a constant needs no object of its own. A key type in the Secret wins, because later sources do.
func externalVolume(d *part.Dependency) corev1.Volume {
	secret := &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: d.Secret}}
	if d.Renamed != nil {
		secret.Items = renamedItems(d.Renamed)
	}
	return projectedVolume(bindingVolumeName(d.Name),
		annotationFile("type", annotationBindingType(d.Name)), corev1.VolumeProjection{Secret: secret})
}

func projectedVolume(name string, sources ...corev1.VolumeProjection) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{DefaultMode: kit.Ptr(int32(fileMode)), Sources: sources},
	}}
}

// annotationFile shows an annotation of the pod as a file.
func annotationFile(path, annotation string) corev1.VolumeProjection {
	field := &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations['" + annotation + "']"}
	return corev1.VolumeProjection{DownwardAPI: &corev1.DownwardAPIProjection{
		Items: []corev1.DownwardAPIVolumeFile{{Path: path, FieldRef: field}},
	}}
}

func bindingVolumeName(entry string) string { return "binding-" + entry }

func bindingPath(entry string) string { return bindingRoot + "/" + entry }
