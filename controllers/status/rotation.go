package status

import (
	"fmt"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// mostNamed is how many stacks a message names.
const mostNamed = 2

// rotation is the verdict of spec.credentials; none where it is absent.
func (p *ServicePass) rotation() []v1alpha1.CapabilityVerdict {
	if p.Plan.View.Common.Credentials == nil {
		return nil
	}
	verdict := v1alpha1.CapabilityVerdict{Name: "CredentialRotation", Provider: p.Plan.Service.Provider}
	consumer := part.Consumer{Namespace: "x", Stack: "x", Entry: "x"}
	if p.Plan.Provider.Login(p.Plan.Service, &consumer); consumer.Login == "" {
		verdict.Verdict, verdict.Message = v1alpha1.VerdictUnsupported, p.Plan.Service.Engine+" has no logins, so that there is nothing to replace"
		return []v1alpha1.CapabilityVerdict{verdict}
	}
	verdict.Verdict, verdict.Message = v1alpha1.VerdictEnforced, "logins of stacks are replaced "+p.when()+leaving(p.Plan.Anchor.Earlier())
	return []v1alpha1.CapabilityVerdict{verdict}
}

func (p *ServicePass) when() string {
	if every := p.Plan.View.Common.Credentials.RotateEvery; every != "" {
		return "every " + every + " and when rotatedAt is set"
	}
	return "when rotatedAt is set"
}

// leaving says who holds back that an earlier login is taken back.
func leaving(stacks []string) string {
	if len(stacks) == 0 {
		return ""
	}
	names := strings.Join(stacks[:min(len(stacks), mostNamed)], ", ")
	if more := len(stacks) - mostNamed; more > 0 {
		names = fmt.Sprintf("%s and %d more", names, more)
	}
	return "; the earlier login of " + names + " works until no pod uses it: look at the components of the stack"
}
