package anchor

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// lateRenewal is how long before the present certificate ends the next one is served, whoever does not trust it yet: from its end
// on nobody could connect.
const lateRenewal = 30 * 24 * time.Hour

// checkRenewal checks that a renewal has what it is about.
func (a *Anchor) checkRenewal() error {
	steps := []v1alpha1.CertificateRenewal{v1alpha1.RenewalTrusting, v1alpha1.RenewalServing, v1alpha1.RenewalLeaving}
	switch {
	case a.Renewal == "" && a.Other == nil:
		return nil
	case !slices.Contains(steps, a.Renewal):
		return fmt.Errorf("renewal %q is not a step", a.Renewal)
	case a.Certificate == nil || a.Other == nil || a.Certificate.Version == a.Other.Version:
		return fmt.Errorf("renewal %s has no two certificates", a.Renewal)
	}
	return nil
}

// Trusted are the versions of the certificates whose authorities a binding has to have; nil: the present one alone.
func (a *Anchor) Trusted() []int {
	if a.Renewal != v1alpha1.RenewalTrusting && a.Renewal != v1alpha1.RenewalServing {
		return nil
	}
	versions := []int{a.Certificate.Version, a.Other.Version}
	slices.Sort(versions)
	return versions
}

// Authority is the text of the authorities of certificates, by their versions; nil: that of the present one. It is the same
// before and after the service goes from one to the other.
func (a *Anchor) Authority(versions []int) string {
	if a.Certificate == nil {
		return ""
	}
	var text strings.Builder
	for _, version := range versions {
		for _, set := range []*Set{a.Certificate, a.Other} {
			if set != nil && set.Version == version {
				text.WriteString(set.CA)
			}
		}
	}
	if text.Len() == 0 {
		return a.Certificate.CA
	}
	return text.String()
}

// RenewalAt is when the certificate has to be renewed: when a third of its life is left, or at the time that is declared.
func (a *Anchor) RenewalAt(declared *v1alpha1.Credentials) time.Time {
	if a.Certificate == nil || a.Renewal != "" {
		return time.Time{}
	}
	var at time.Time
	if begin, end := a.Certificate.validity(); !end.IsZero() {
		at = end.Add(-end.Sub(begin) / 3)
	}
	if declared != nil && declared.RenewedAt != nil {
		if asked := declared.RenewedAt.Time; asked.After(a.Certificate.MadeAt()) && (at.IsZero() || asked.Before(at)) {
			at = asked
		}
	}
	return at
}

// Renewing begins a renewal with the next certificate.
func (a *Anchor) Renewing(next *Set) { a.Other, a.Renewal = next, v1alpha1.RenewalTrusting }

// Renew goes on with a renewal: the next certificate is served once every stack trusts its authority; that of the one before is
// left once the service has restarted, and forgotten once no stack has it any more.
func (a *Anchor) Renew(restarted bool, now time.Time) {
	switch a.Renewal {
	case v1alpha1.RenewalTrusting:
		_, end := a.Certificate.validity()
		if a.settled() || !end.IsZero() && now.After(end.Add(-lateRenewal)) {
			a.Certificate, a.Other, a.Renewal = a.Other, a.Certificate, v1alpha1.RenewalServing
		}
	case v1alpha1.RenewalServing:
		if restarted {
			a.Renewal = v1alpha1.RenewalLeaving
		}
	case v1alpha1.RenewalLeaving:
		if a.settled() {
			a.Other, a.Renewal = nil, ""
		}
	}
}

// settled says whether every consumer has gone to a binding with the authorities that it has to trust.
func (a *Anchor) settled() bool {
	return !slices.ContainsFunc(a.Consumers, func(c Consumer) bool {
		return !c.Departed && (c.Previous != nil || !slices.Equal(c.Set.Authorities, a.Trusted()))
	})
}

// Expires is when a certificate ends; zero where it cannot be read.
func (s *Set) Expires() time.Time {
	_, end := s.validity()
	return end
}

func (s *Set) validity() (begin, end time.Time) {
	block, _ := pem.Decode([]byte(s.CA))
	if block == nil {
		return begin, end
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return begin, end
	}
	return certificate.NotBefore, certificate.NotAfter
}
