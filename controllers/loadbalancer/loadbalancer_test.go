package loadbalancer

import (
	"testing"

	"github.com/stackwright/stackwright/controllers/part/parttest"
)

func TestGolden(t *testing.T) { parttest.Run(t, Build) }
