package tenant

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// watchman looks at the operator's sockets again and again while an attack goes on. On a system without /proc it sees nothing.
type watchman struct {
	pid   int
	proxy string

	once      sync.Once
	end, done chan struct{}
	// foreign is the first connection to anything but the proxy that was seen. It may be read after stop.
	foreign string
}

const glance = 20 * time.Millisecond

func watch(lane *rig.Lane) *watchman {
	w := &watchman{pid: lane.Operator.PID(), end: make(chan struct{}), done: make(chan struct{})}
	if address, err := url.Parse(lane.Proxy.URL); err == nil {
		w.proxy = address.Host
	}
	go func() {
		defer close(w.done)
		ticker := time.NewTicker(glance)
		defer ticker.Stop()
		for w.foreign == "" {
			w.look()
			select {
			case <-w.end:
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

func (w *watchman) stop() {
	w.once.Do(func() { close(w.end) })
	<-w.done
}

// look reads what /proc says of the operator's sockets. What came in on a port that it listens on was not dialled by it, and a
// socket that waits to be forgotten belongs to nobody.
func (w *watchman) look() {
	mine := socketsOf(w.pid)
	listening := map[uint16]bool{}
	var connected []socket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", w.pid, table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			s, ok := parseSocket(line)
			switch {
			case !ok || !mine[s.inode]:
			case s.remote.Port() == 0:
				listening[s.local.Port()] = true
			default:
				connected = append(connected, s)
			}
		}
	}
	for _, s := range connected {
		if !listening[s.local.Port()] && s.remote.String() != w.proxy {
			w.foreign = s.local.String() + " to " + s.remote.String()
		}
	}
}

// socketsOf are the inodes of a process's sockets.
func socketsOf(pid int) map[string]bool {
	inodes := map[string]bool{}
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(folder) // a process that went has none
	for _, entry := range entries {
		target, _ := os.Readlink(folder + "/" + entry.Name())
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}

type socket struct {
	local, remote netip.AddrPort
	inode         string
}

// parseSocket reads one line of a table of sockets.
func parseSocket(line string) (socket, bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 {
		return socket{}, false
	}
	local, okLocal := parseAddress(fields[1])
	remote, okRemote := parseAddress(fields[2])
	return socket{local, remote, fields[9]}, okLocal && okRemote
}

// parseAddress reads an address as the kernel writes it: words of four bytes in the order of the machine, and the port.
func parseAddress(text string) (netip.AddrPort, bool) {
	address, port, _ := strings.Cut(text, ":")
	bytes, err := hex.DecodeString(address)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(bytes)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(bytes); i += 4 {
		bytes[i], bytes[i+1], bytes[i+2], bytes[i+3] = bytes[i+3], bytes[i+2], bytes[i+1], bytes[i]
	}
	ip, ok := netip.AddrFromSlice(bytes)
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), ok
}
