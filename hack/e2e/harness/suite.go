package harness

import (
	"context"
	"fmt"
	"os"

	"github.com/stackwright/stackwright/hack/e2e/audit"
)

// Suite is what all tests share: the cluster, the operator and what the audit log says of it.
type Suite struct {
	*Cluster
	Operator *Operator
	Audit    *audit.Log
	// Source is the tree that the operator is built from: the project's, or what E2E_SOURCE names.
	Source string
	// Binary is the operator.
	Binary string
	// Keep leaves the namespaces of failed tests.
	Keep bool
}

// Start starts the cluster and the operator.
func Start(ctx context.Context) (*Suite, error) {
	cluster, err := StartCluster(ctx)
	if err != nil {
		return nil, err
	}
	s := &Suite{Cluster: cluster, Source: cluster.Root, Keep: os.Getenv("E2E_KEEP") != ""}
	if other := os.Getenv("E2E_SOURCE"); other != "" {
		s.Source = other
	}
	if s.Operator, err = NewOperator(ctx, cluster); err != nil {
		return nil, err
	}
	Say("building the operator of %s", s.Source)
	if s.Binary, err = s.Operator.Build(ctx, s.Source, "stackwright"); err != nil {
		return nil, fmt.Errorf("build the operator: %w", err)
	}
	if s.Audit, err = s.Operator.Follow(); err != nil {
		return nil, err
	}
	_ = os.Remove(s.Operator.Log())
	if err := s.StartOperator(ctx); err != nil {
		return nil, err
	}
	Say("the operator runs as %s; its output is in %s", OperatorUser, s.Operator.Log())
	return s, nil
}

// StartOperator starts the operator that was built from the tree.
func (s *Suite) StartOperator(ctx context.Context, args ...string) error {
	return s.Operator.Start(ctx, s.Binary, args...)
}
