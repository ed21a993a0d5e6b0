package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func fill(t *testing.T, s Store, key, content string, force bool) (made bool) {
	t.Helper()
	err := s.Fill("engines", key, force, func(work string) (string, error) {
		made = true
		path := filepath.Join(work, "archive.tar")
		return path, os.WriteFile(path, []byte(content), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

const keyA, keyB = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"

func TestFillMakesOnceAndDropsTheOld(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	if !fill(t, s, keyA, "one", false) || fill(t, s, keyA, "two", false) {
		t.Error("an archive is not made exactly once")
	}
	if !fill(t, s, keyA, "three", true) {
		t.Error("force did not make it again")
	}
	if content, _ := os.ReadFile(s.Path("engines", keyA)); string(content) != "three" {
		t.Errorf("the archive holds %q", content)
	}
	fill(t, s, keyB, "four", false)
	if s.Has("engines", keyA) || !s.Has("engines", keyB) {
		t.Error("the old archive was not replaced by the new one")
	}
}

func TestFailedFillLeavesNothing(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	broken := errors.New("broken")
	err := s.Fill("engines", keyA, false, func(work string) (string, error) {
		return "", errors.Join(broken, os.WriteFile(filepath.Join(work, "half.tar"), nil, 0o644))
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	left, err := filepath.Glob(filepath.Join(s.Dir, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "engines.lock" {
		t.Errorf("left %v (%v), want the lock only", left, err)
	}
}

func TestFillClearsWhatAKilledBuildLeft(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.Dir, "engines.work", "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	if !fill(t, s, keyA, "one", false) {
		t.Error("nothing was made")
	}
}

func TestKeyTellsInputsApart(t *testing.T) {
	one, err := Key([]any{1, map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	same, _ := Key([]any{1, map[string]string{"b": "2", "a": "1"}})
	other, _ := Key([]any{1, map[string]string{"a": "1", "b": "3"}})
	if one != same || one == other || len(one) != 16 {
		t.Errorf("keys are %s, %s and %s", one, same, other)
	}
}

func TestTreeDigestsSeeContentAndMode(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "run.sh")
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	none := func(string) bool { return false }
	before, err := TreeDigests(root, none)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	after, err := TreeDigests(root, none)
	if err != nil || len(after) != 1 || before["run.sh"] == after["run.sh"] {
		t.Errorf("digests are %v and %v (%v)", before, after, err)
	}
}
