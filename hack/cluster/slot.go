package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// slots remembers which cluster has which slot, in one file for all clusters of
// a state folder.
type slots struct {
	path string
}

func newSlots(folders Folders) slots {
	return slots{path: filepath.Join(folders.State, ".slots.json")}
}

// claim returns the slot of name, giving it the lowest free one that usable
// accepts when it has none yet. It fails when every slot is taken.
func (s slots) claim(ctx context.Context, name string, usable func(slot int) bool) (int, error) {
	slot := -1
	err := s.change(ctx, func(taken map[string]int) error {
		if have, ok := taken[name]; ok {
			slot = have
			return nil
		}
		slot = lowestFree(taken, usable)
		if slot < 0 {
			return fmt.Errorf("all %d address ranges are in use: take a cluster down first", maxSlots)
		}
		taken[name] = slot
		return nil
	})
	return slot, err
}

// release gives the slot of name back. A name without a slot is no error.
func (s slots) release(ctx context.Context, name string) error {
	return s.change(ctx, func(taken map[string]int) error {
		delete(taken, name)
		return nil
	})
}

func lowestFree(taken map[string]int, usable func(slot int) bool) int {
	used := map[int]bool{}
	for _, slot := range taken {
		used[slot] = true
	}
	for slot := range maxSlots {
		if !used[slot] && usable(slot) {
			return slot
		}
	}
	return -1
}

// change reads the file, lets edit work on it and writes it, under a lock.
func (s slots) change(ctx context.Context, edit func(taken map[string]int) error) error {
	unlock, err := lockFile(ctx, s.path+".lock", "the list of clusters")
	if err != nil {
		return err
	}
	defer unlock()
	taken, err := s.read()
	if err != nil {
		return err
	}
	if err := edit(taken); err != nil {
		return err
	}
	data, err := json.MarshalIndent(taken, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.path, append(data, '\n'), 0o644)
}

func (s slots) read() (map[string]int, error) {
	taken := map[string]int{}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return taken, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &taken); err != nil {
		return nil, fmt.Errorf("%s is damaged, take all clusters down and delete it: %w", s.path, err)
	}
	return taken, nil
}
