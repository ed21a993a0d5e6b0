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

// TestReplacedLoginIsTakenBack: once nobody uses it, and never together with the one that is used.
func TestReplacedLoginIsTakenBack(t *testing.T) {
	service := &part.Service{
		Consumers: []part.Consumer{{Login: "shop_b", Retired: true}, {Login: "pay_a"}, {Login: "", Retired: true}},
		Departed:  []part.Consumer{{Login: "shop_b"}, {Login: "pay_b"}},
	}
	if got := logins.Departed(service); !slices.Equal(got, []string{"shop_a"}) {
		t.Errorf("taken back: %v", got)
	}
}
