package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"time"
)

// netnsFolder is where the ip program names network namespaces.
const netnsFolder = "/var/run/netns/"

// netns is the cluster's network namespace. Everything of a real cluster runs in
// it: interfaces, rules and ports stay inside and go away with it.
func (c *Cluster) netns() string {
	return "sw-" + c.id()
}

// hostLink is the host's end of the pair of interfaces to the node. The name of
// an interface has at most 15 characters, so it counts slots.
func (c *Cluster) hostLink() string {
	return fmt.Sprintf("stackwright%d", c.Slot)
}

// inNetwork makes argv run in the cluster's network namespace. nsenter replaces
// itself by the program, which so keeps the process id.
func (c *Cluster) inNetwork(argv []string) []string {
	if !c.real() {
		return argv
	}
	return append([]string{"nsenter", "--net=" + netnsFolder + c.netns()}, argv...)
}

// ensureNetwork makes the namespace, its link to the host and the host's routes.
// One that is complete stays; one that is not is made anew.
func (c *Cluster) ensureNetwork(ctx context.Context) error {
	if !c.networkComplete(ctx) {
		c.removeNetwork(ctx)
		if err := c.createNetwork(ctx); err != nil {
			return fmt.Errorf("cannot make the cluster's network: %w", err)
		}
	}
	for _, routed := range c.addresses().routed() {
		if err := ip(ctx, "route", "replace", routed.String(), "via", c.addresses().Node.String(), "dev", c.hostLink()); err != nil {
			return fmt.Errorf("cannot route to the cluster: %w", err)
		}
	}
	return nil
}

// networkComplete asks for the last thing that createNetwork makes.
func (c *Cluster) networkComplete(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "ip", "-n", c.netns(), "route", "show", "default").Output()
	return err == nil && strings.Contains(string(out), c.addresses().Host.String())
}

func (c *Cluster) createNetwork(ctx context.Context) error {
	a, ns := c.addresses(), c.netns()
	bits := fmt.Sprintf("/%d", a.Link.Bits())
	steps := [][]string{
		{"netns", "add", ns},
		{"link", "add", c.hostLink(), "type", "veth", "peer", "name", "host", "netns", ns},
		{"addr", "add", a.Host.String() + bits, "dev", c.hostLink()},
		{"link", "set", c.hostLink(), "up"},
		{"-n", ns, "link", "set", "lo", "up"},
		{"-n", ns, "addr", "add", a.Node.String() + bits, "dev", "host"},
		{"-n", ns, "link", "set", "host", "up"},
	}
	for _, step := range steps {
		if err := ip(ctx, step...); err != nil {
			return err
		}
	}
	forward := c.inNetwork([]string{"sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"})
	if err := execute(ctx, forward...); err != nil {
		return err
	}
	return ip(ctx, "-n", ns, "route", "add", "default", "via", a.Host.String())
}

// removeNetwork deletes the namespace and the link, of which any may be missing,
// and waits until the kernel has let go of the link. The host's routes go with it.
func (c *Cluster) removeNetwork(ctx context.Context) {
	if exists(netnsFolder + c.netns()) {
		_ = ip(ctx, "netns", "del", c.netns())
	}
	if !c.hasHostLink() {
		return
	}
	_ = ip(ctx, "link", "del", c.hostLink())
	for end := time.Now().Add(10 * time.Second); c.hasHostLink() && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *Cluster) hasHostLink() bool {
	return exists("/sys/class/net/" + c.hostLink())
}

// slotUsable reports whether the host uses no address and no port of a slot yet,
// which keeps clusters of other state folders and the machine's own networks apart.
func slotUsable(ctx context.Context) func(slot int) bool {
	out, _ := exec.CommandContext(ctx, "ip", "-4", "route", "show", "table", "all").Output()
	used := routesIn(string(out))
	return func(slot int) bool { return !addressesOf(slot).overlaps(used) && portsFree(slot) }
}

// portsFree tries the loopback ports of a slot.
func portsFree(slot int) bool {
	for i := range portsPerSlot {
		listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", loopbackPort+slot*portsPerSlot+i))
		if err != nil {
			return false
		}
		listener.Close()
	}
	return true
}

// routesIn reads the destinations of a list of routes as the ip program prints
// it. Default routes are left out.
func routesIn(list string) []netip.Prefix {
	var found []netip.Prefix
	for lines := bufio.NewScanner(strings.NewReader(list)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && (fields[0] == "local" || fields[0] == "broadcast") {
			fields = fields[1:]
		}
		if len(fields) == 0 {
			continue
		}
		if network, err := netip.ParsePrefix(fields[0]); err == nil {
			found = append(found, network)
		} else if address, err := netip.ParseAddr(fields[0]); err == nil {
			found = append(found, netip.PrefixFrom(address, address.BitLen()))
		}
	}
	return found
}

func ip(ctx context.Context, args ...string) error {
	return execute(ctx, append([]string{"ip"}, args...)...)
}

// execute runs a program to its end; its error has what the program printed.
func execute(ctx context.Context, argv ...string) error {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
