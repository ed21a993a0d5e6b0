package campaign

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestJournal: plans that passed are not run again, those that failed are, and a line that was cut off is run again too.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	plans := []Plan{{ID: "crash/a b#1"}, {ID: "crash/b#1"}, {ID: "crash/c#1"}, {ID: "crash/d#1"}, {ID: "crash/e#1"}}
	first, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range []Result{
		{Plan: plans[0].ID, Seconds: 1.5}, {Plan: plans[1].ID, Err: errors.New("(O3)")}, {Plan: plans[2].ID, Err: ErrNotReached},
		{Plan: plans[3].ID, Once: errors.New("(O1)")},
	} {
		if err := first.note(&result); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.file.WriteString(plans[4].ID + "\t2."); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	todo, ended := again.pick(plans)
	if len(todo) != 3 || todo[0].ID != plans[1].ID || todo[1].ID != plans[3].ID || todo[2].ID != plans[4].ID {
		t.Errorf("to do: %+v", todo)
	}
	if len(ended) != 2 || ended[0].Plan != plans[0].ID || ended[0].Seconds != 1.5 || !ended[0].Reached() || ended[1].Reached() {
		t.Errorf("ended: %+v", ended)
	}
	if err := again.note(&Result{Plan: plans[4].ID}); err != nil {
		t.Fatal(err)
	}
	if last, err := OpenJournal(path); err != nil || len(last.known) != 3 {
		t.Errorf("%+v, %v", last, err)
	}
	if err := os.WriteFile(path, []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(path); err == nil {
		t.Error("another file was taken for a journal")
	}
}
