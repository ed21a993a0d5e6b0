package main

import (
	"net/netip"
	"slices"
	"testing"
)

func TestSlotsShareNoAddress(t *testing.T) {
	for slot := range maxSlots {
		for other := range slot {
			theirs := addressesOf(other)
			if addressesOf(slot).overlaps(append(theirs.routed(), theirs.Link)) {
				t.Errorf("slots %d and %d share addresses", slot, other)
			}
		}
	}
}

func TestAddressesLieInTheirRanges(t *testing.T) {
	for slot := range maxSlots {
		a := addressesOf(slot)
		for address, within := range map[netip.Addr]netip.Prefix{a.Host: a.Link, a.Node: a.Link, a.API: a.Services, a.DNS: a.Services} {
			if !within.Contains(address) {
				t.Errorf("slot %d: %s is not in %s", slot, address, within)
			}
		}
	}
}

func TestFirstSlotHasTheCustomaryServices(t *testing.T) {
	a := addressesOf(0)
	if a.API.String() != "10.96.0.1" || a.DNS.String() != "10.96.0.10" {
		t.Errorf("API server at %s and DNS at %s", a.API, a.DNS)
	}
}

func TestRoutesIn(t *testing.T) {
	const list = `default via 192.168.1.1 dev eth0
10.97.0.0/16 via 10.200.1.2 dev stackwright1
10.200.1.0/30 dev stackwright1 proto kernel scope link src 10.200.1.1
local 10.200.1.1 dev stackwright1 table local proto kernel scope host src 10.200.1.1
broadcast 10.200.1.3 dev stackwright1 table local
`
	found := routesIn(list)
	want := []string{"10.97.0.0/16", "10.200.1.0/30", "10.200.1.1/32", "10.200.1.3/32"}
	got := make([]string, 0, len(found))
	for _, network := range found {
		got = append(got, network.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if addressesOf(0).overlaps(found) {
		t.Error("slot 0 is taken for used")
	}
	if !addressesOf(1).overlaps(found) {
		t.Error("slot 1 is not taken for used")
	}
}
