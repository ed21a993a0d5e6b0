package logins_test

import (
	"slices"
	"testing"

	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/part"
)

func TestDeparted(t *testing.T) {
	service := &part.Service{
		Consumers: []part.Consumer{{Login: "shop_b"}},
		Departed:  []part.Consumer{{Login: "pay_a"}, {Login: "shop_a"}, {Login: "odd"}, {}},
	}
	if got := logins.Departed(service); !slices.Equal(got, []string{"pay_a", "pay_b", "odd"}) {
		t.Errorf("taken back: %v", got)
	}
}
