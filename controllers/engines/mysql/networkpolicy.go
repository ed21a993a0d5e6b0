package mysql

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// networkPolicy closes every pod of the database but for its consumers. The copies and the Job are pods of the database too:
// they reach the primary as such.
func networkPolicy(s *part.Service) *networkingv1.NetworkPolicy {
	return kit.ServicePolicy(s, kit.ServiceIdentity(s, primaryRole), []int32{port})
}
