package main

import (
	"slices"
	"testing"
	"time"
)

func TestStartTicks(t *testing.T) {
	const fields = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20"
	if got, err := startTicks("42 (a) b (c)) S" + fields); err != nil || got != "777" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, gone := range []string{"42 (a) Z" + fields, "42 (a) S 1 2", ""} {
		if got, err := startTicks(gone); err == nil {
			t.Errorf("%q began at %q", gone, got)
		}
	}
}

func TestProcessesMarked(t *testing.T) {
	mark := markVariable + "=" + t.TempDir()
	child := sleeper(t, mark)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if slices.Equal(processesMarked(mark), []int{child.Process.Pid}) && programOf(child.Process.Pid) == "sleep" {
			break
		}
	}
	if got := processesMarked(mark); !slices.Equal(got, []int{child.Process.Pid}) {
		t.Errorf("found %v, want %d", got, child.Process.Pid)
	}
	if got := processesMarked(mark + "x"); len(got) != 0 {
		t.Errorf("found %v by a longer mark", got)
	}
}

func TestMountsBelow(t *testing.T) {
	const table = `21 1 254:0 / / rw - ext4 /dev/vda rw
30 21 0:5 / /state/a/kubelet/pods/x rw - tmpfs tmpfs rw
31 30 0:6 / /state/a/kubelet/with\040blank rw - tmpfs tmpfs rw
32 21 0:7 / /state/ab rw - tmpfs tmpfs rw
`
	want := []string{"/state/a/kubelet/pods/x", "/state/a/kubelet/with blank"}
	if got := mountsBelow(table, "/state/a"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
