package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Bug is a mistake that operators made, put into this one.
type Bug struct {
	// Name is what it does wrong.
	Name string
	// Stands is the incident or the class of bugs that it stands for.
	Stands string
	Edits  []Edit
	// Tries are plans that should catch it, those that are quickest first.
	Tries []Try
	// Oracles are those one of which should say so.
	Oracles []string
}

// Edit replaces a text of a file of the operator, in which it stands exactly once.
type Edit struct{ File, Old, New string }

// Try are plans of one campaign.
type Try struct {
	// Plans is how the IDs of the plans begin. RELEASED stands for the last release.
	Plans string
	// Sample is how many of them are drawn at most; 0 takes three.
	Sample int
}

// oracles that can speak: those of the rig by number, D6 for credentials, and Expected for what a plan itself expects of its end.
var oracles = map[string]string{
	"O1": "convergence", "O2": "quiescence", "O3": "fresh state", "O4": "rollback", "O5": "consistency", "O6": "crash-freedom",
	"O7": "data safety", "O8": "write summary", "O9": "blast radius", "O10": "authority", "O11": "no restart", "O13": "status truth",
	"O14": "time bound", "O15": "isolation", "D6": "whole credentials", Expected: "what the plan expects",
}

// Expected is the oracle of a failure that names none.
const Expected = "expected"

// Bugs are all of them.
func Bugs() []Bug {
	var all []Bug
	for _, some := range [][]Bug{credentialBugs, dataBugs, applyBugs, scaleBugs, statusBugs, tenantBugs, upgradeBugs} {
		all = append(all, some...)
	}
	return all
}

// Find returns the bug of a name.
func Find(name string) (*Bug, error) {
	for _, bug := range Bugs() {
		if bug.Name == name {
			return &bug, nil
		}
	}
	return nil, fmt.Errorf("there is no bug %s", name)
}

// broken are the files of the operator with the bug in them, by path below the root.
func (b *Bug) broken(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, edit := range b.Edits {
		text, read := files[edit.File]
		if !read {
			content, err := os.ReadFile(filepath.Join(root, edit.File))
			if err != nil {
				return nil, err
			}
			text = string(content)
		}
		if n := strings.Count(text, edit.Old); n != 1 {
			return nil, fmt.Errorf("%s: %s has %d times, not once:\n%s", b.Name, edit.File, n, edit.Old)
		}
		files[edit.File] = strings.Replace(text, edit.Old, edit.New, 1)
	}
	return files, nil
}

// Overlay writes the broken files and an overlay of go build that puts them in place, and returns its path. It is the same every time,
// so that a command with it can be run again.
func (b *Bug) Overlay(root, folder string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	files, err := b.broken(root)
	if err != nil {
		return "", err
	}
	folder = filepath.Join(folder, b.Name)
	replace := map[string]string{}
	for file, text := range files {
		copied := filepath.Join(folder, strings.ReplaceAll(file, "/", "_"))
		replace[filepath.Join(root, file)] = copied
		if err := errors.Join(os.MkdirAll(folder, 0o750), os.WriteFile(copied, []byte(text), 0o600)); err != nil {
			return "", err
		}
	}
	content, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, content, 0o600)
}
