package anchor

import (
	"fmt"
	"slices"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// mostMembers is more than any set has.
const mostMembers = 9

// checkChoices checks the choices that stick.
func (a *Anchor) checkChoices() error {
	if !version.MatchString(a.Version) {
		return fmt.Errorf("version %q is not a version", a.Version)
	}
	if !slices.Contains([]v1alpha1.TLSMode{v1alpha1.TLSRequired, v1alpha1.TLSPreferred, v1alpha1.TLSDisabled}, a.TLS) {
		return fmt.Errorf("tls %q is not a mode", a.TLS)
	}
	if a.Members < 0 || a.Members > mostMembers {
		return fmt.Errorf("%d members are not between 0 and %d", a.Members, mostMembers)
	}
	return nil
}
