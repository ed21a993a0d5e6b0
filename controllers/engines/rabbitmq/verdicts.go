package rabbitmq

import (
	"fmt"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

func addVerdicts(s *part.Service, output *part.Output) {
	verdict, message := encryption(s)
	output.Verdict(v1alpha1.CapabilityVerdict{
		Name: "TLS", Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
	})
	if !s.Production && s.Nodes == 1 {
		return
	}
	verdict, message = availability(s)
	output.Verdict(v1alpha1.CapabilityVerdict{
		Name: "HighAvailability", Verdict: verdict, Provider: string(v1alpha1.ProviderBuiltin), Message: message,
	})
}

func encryption(s *part.Service) (v1alpha1.Verdict, string) {
	switch s.TLS {
	case v1alpha1.TLSRequired:
		return v1alpha1.VerdictEnforced, "clients cannot connect in clear text and have to trust ca.crt of their binding; " +
			"the nodes talk to each other in clear text, within their network policy"
	case v1alpha1.TLSPreferred:
		return v1alpha1.VerdictFallback, fmt.Sprintf("uri of a binding is in clear text, because clients cannot be told by a "+
			"URL to trust a private authority; tls-uri is encrypted on port %d; tls.mode Required leaves no other", encryptedPort)
	}
	return v1alpha1.VerdictUnsupported, "connections are in clear text, as tls.mode Disabled asks"
}

func availability(s *part.Service) (v1alpha1.Verdict, string) {
	if s.Nodes == 1 {
		return v1alpha1.VerdictFallback, "one node: the broker is away while its pod is replaced, and nothing is lost; set nodes to 3"
	}
	return v1alpha1.VerdictEnforced, fmt.Sprintf("%d nodes: a quorum queue has 3 copies and survives the loss of one", s.Nodes)
}
