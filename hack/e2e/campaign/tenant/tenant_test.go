package tenant

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

var (
	allClasses = []Class{ConfusedDeputy, Labels, PodEscape, Injection, Dial, RouteHijack, Monitoring, Abuse, Names, Deletion}
	allCVEs    = []string{cveDeputy, cvePower, cveIdentity, cveExfiltrate, cveInjection, cveTraversal, cveLabels, cveSidecar}
)

// TestList: at least 60 attacks, each with a name of its own, a class, and an expectation that something holds it to; no class of
// attacks or of vulnerabilities is left out.
func TestList(t *testing.T) {
	attacks := Attacks()
	tried := 0
	ids, classes, cves := map[string]bool{}, map[Class]bool{}, map[string]bool{}
	for i := range attacks {
		a := &attacks[i]
		if ids[a.ID()] {
			t.Errorf("%s stands twice", a.ID())
		}
		ids[a.ID()] = true
		if !slices.Contains(allClasses, a.Class) || a.Name == "" || strings.ContainsAny(a.Name, "/ ") || len(a.Expect) < 10 {
			t.Errorf("%s has no class, name or expectation: %q", a.ID(), a.Expect)
		}
		if a.Skipped != "" {
			continue
		}
		tried++
		classes[a.Class], cves[a.Vulnerability()] = true, true
		if !a.held() {
			t.Errorf("nothing holds %s to what is expected", a.ID())
		}
	}
	if tried < 60 {
		t.Errorf("%d attacks", tried)
	}
	for _, class := range allClasses {
		if !classes[class] {
			t.Errorf("no attack of the class %s", class)
		}
	}
	for _, cve := range allCVEs {
		if !cves[cve] {
			t.Errorf("no attack of the class of vulnerabilities %s", cve)
		}
	}
}

// held says whether anything besides the oracles of every attack has to be as expected.
func (a *Attack) held() bool {
	refused := slices.ContainsFunc(a.Steps, func(s Step) bool { return len(s.Refused) > 0 })
	return refused || len(a.Shows) > 0 || len(a.Keeps) > 0 || a.Check != nil || a.Act != nil
}

func TestParseNginx(t *testing.T) {
	got, err := parseNginx("a \"b; \\\" c\" {\n    d e;\n}\n")
	if err != nil || len(got) != 2 || !slices.Equal(got[0], []string{"a", `b; " c`}) || !slices.Equal(got[1], []string{"d", "e"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, broken := range []string{`a "b;`, "a {", "a"} {
		if _, err := parseNginx(broken); err == nil {
			t.Errorf("%q can be read", broken)
		}
	}
}

func TestParseSocket(t *testing.T) {
	line := "   1: 0100007F:D431 0200000A:01BB 01 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 20 4 30 10 -1\n"
	got, ok := parseSocket(line)
	if !ok || got.local != netip.MustParseAddrPort("127.0.0.1:54321") || got.remote != netip.MustParseAddrPort("10.0.0.2:443") || got.inode != "12345" {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := parseSocket("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"); ok {
		t.Error("the heading is a socket")
	}
}

func TestObjectsEqual(t *testing.T) {
	before := objects{"Pod/a": "1", "Pod/b": "2"}
	for _, now := range []objects{{"Pod/a": "1"}, {"Pod/a": "1", "Pod/b": "3"}, {"Pod/a": "1", "Pod/b": "2", "Pod/c": "3"}} {
		if now.equal(before, nil) == nil {
			t.Errorf("%v is equal to %v", now, before)
		}
	}
	if err := (objects{"Pod/a": "1", "Pod/b": "3"}).equal(before, []string{"Pod/b"}); err != nil {
		t.Error(err)
	}
}
