package main

import "net/netip"

// maxSlots is how many clusters fit side by side: each has a slot, and the
// second number of its service range runs from 96 to 127.
const maxSlots = 32

// Ports that a cluster uses at the node's address. A cluster on loopback shares
// that address with others and counts from loopbackPort instead.
const (
	apiPort           = 6443
	etcdPort          = 2379
	etcdPeerPort      = 2380
	etcdHealthPort    = 2381
	controllerPort    = 10257
	schedulerPort     = 10259
	metricsServerPort = 4443
	dnsHealthPort     = 8080
	servicesPort      = 8090
	kubeletHealthPort = 10248
	proxyHealthPort   = 10256
	loopbackPort      = 26000
	portsPerSlot      = 16
)

// Addresses are the ranges of one cluster. The host has routes to Pods, Services
// and LoadBalancers, so no two clusters share any of them.
type Addresses struct {
	Link          netip.Prefix // the pair of host and node
	Host          netip.Addr   // the host's end of the link
	Node          netip.Addr   // the node's end, where the API server listens
	Pods          netip.Prefix
	Services      netip.Prefix
	API           netip.Addr // of the Service default/kubernetes
	DNS           netip.Addr // of the Service kube-system/kube-dns
	LoadBalancers netip.Prefix
}

// addressesOf lays out the ranges of a slot, which counts from 0 to maxSlots-1.
func addressesOf(slot int) Addresses {
	n := byte(slot)
	return Addresses{
		Link:          prefix(30, 10, 200, n, 0),
		Host:          netip.AddrFrom4([4]byte{10, 200, n, 1}),
		Node:          netip.AddrFrom4([4]byte{10, 200, n, 2}),
		Pods:          prefix(16, 10, 128+n, 0, 0),
		Services:      prefix(16, 10, 96+n, 0, 0),
		API:           netip.AddrFrom4([4]byte{10, 96 + n, 0, 1}),
		DNS:           netip.AddrFrom4([4]byte{10, 96 + n, 0, 10}),
		LoadBalancers: prefix(24, 10, 201, n, 0),
	}
}

func prefix(bits int, a, b, c, d byte) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
}

// routed lists the ranges that the host reaches through the node.
func (a Addresses) routed() []netip.Prefix {
	return []netip.Prefix{a.Pods, a.Services, a.LoadBalancers}
}

// overlaps reports whether any of the ranges has an address in common with used.
func (a Addresses) overlaps(used []netip.Prefix) bool {
	for _, mine := range append(a.routed(), a.Link) {
		for _, other := range used {
			if mine.Overlaps(other) {
				return true
			}
		}
	}
	return false
}
