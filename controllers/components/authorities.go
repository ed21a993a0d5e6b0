package components

import (
	"slices"
	"strings"

	"github.com/stackwright/stackwright/controllers/part"
)

// Each service has a certificate authority of its own, in /bindings/<name>/ca.crt. Most drivers take it from a parameter of
// the connection address. Node.js trusts it without any parameter, but reads exactly one file.
const (
	// variableAuthorities names the file of further authorities that Node.js trusts.
	variableAuthorities = "NODE_EXTRA_CA_CERTS"
	// annotationAuthorities is the pod annotation with the authorities of all used services. They are public, and change
	// together with the pod that reads them.
	annotationAuthorities = "stackwright.dev/authorities"

	authoritiesVolume = "authorities"
	authoritiesFolder = "/etc/stackwright"
)

// authoritiesPath is the file that Node.js reads: that of the one service with an authority or, for several, the file with
// all that are known. Where fewer than two of several are known, the first service is trusted, and the application has to
// name the files of the others.
func (w *workload) authoritiesPath() string {
	private := w.privatelySigned()
	switch {
	case len(private) == 0:
		return ""
	case w.authorities() != "":
		return authoritiesFolder + "/" + factCA
	}
	return bindingPath(private[0].Name) + "/" + factCA
}

// authorities is the text of all known authorities; empty where one file of a binding does.
func (w *workload) authorities() string {
	var known []string
	for _, used := range w.privatelySigned() {
		if used.CA != "" {
			known = append(known, strings.TrimSpace(used.CA)+"\n")
		}
	}
	if len(known) < 2 {
		return ""
	}
	return strings.Join(known, "")
}

func (w *workload) privatelySigned() []part.Dependency {
	if w.runtime.WithoutNodeJS {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(w.Uses), func(d part.Dependency) bool { return !d.HasCA })
}
