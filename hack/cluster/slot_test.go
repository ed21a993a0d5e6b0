package main

import (
	"context"
	"sync"
	"testing"
)

func anySlot(int) bool { return true }

func TestClaimGivesEachNameItsOwnSlot(t *testing.T) {
	s := newSlots(Folders{State: t.TempDir()})
	ctx := context.Background()
	var group sync.WaitGroup
	got := make([]int, 8)
	for i := range got {
		group.Go(func() {
			slot, err := s.claim(ctx, string(rune('a'+i)), anySlot)
			if err != nil {
				t.Error(err)
			}
			got[i] = slot
		})
	}
	group.Wait()
	seen := map[int]bool{}
	for _, slot := range got {
		if seen[slot] || slot >= len(got) {
			t.Errorf("slots %v are not the lowest, each once", got)
		}
		seen[slot] = true
	}
}

func TestClaimKeepsAndReleases(t *testing.T) {
	s := newSlots(Folders{State: t.TempDir()})
	ctx := context.Background()
	for _, step := range []struct {
		name string
		want int
	}{{"a", 0}, {"b", 1}, {"a", 0}} {
		if slot, err := s.claim(ctx, step.name, anySlot); err != nil || slot != step.want {
			t.Fatalf("%s has slot %d (%v), want %d", step.name, slot, err, step.want)
		}
	}
	if err := s.release(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if slot, err := s.claim(ctx, "c", anySlot); err != nil || slot != 0 {
		t.Errorf("c has slot %d (%v), want the released 0", slot, err)
	}
}

func TestClaimLeavesOutUsedRanges(t *testing.T) {
	s := newSlots(Folders{State: t.TempDir()})
	slot, err := s.claim(context.Background(), "a", func(slot int) bool { return slot > 4 })
	if err != nil || slot != 5 {
		t.Errorf("got slot %d (%v), want 5", slot, err)
	}
	if _, err := s.claim(context.Background(), "b", func(int) bool { return false }); err == nil {
		t.Error("a slot was given though none is usable")
	}
}

func TestLockIsHeldAgainstOthers(t *testing.T) {
	path := t.TempDir() + "/lock"
	unlock, err := lockFile(context.Background(), path, "a test")
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := lockFile(ended, path, "a test"); err == nil {
		t.Error("the lock was given twice")
	}
	unlock()
	unlock, err = lockFile(context.Background(), path, "a test")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
