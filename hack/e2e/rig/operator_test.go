package rig

import (
	"os"
	"strings"
	"testing"
)

// TestPanicked: a crash is found wherever it stands in the log, also where its line was half written at the last look, and found again.
func TestPanicked(t *testing.T) {
	o := &Operator{folder: t.TempDir()}
	write := func(text string) {
		t.Helper()
		log, err := os.OpenFile(o.Log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		text  string
		crash bool
	}{
		{"all is well\n", false},
		{"pan", false},
		{"ic: no such thing\n", true},
		{"goroutine 1\n", true},
	} {
		write(step.text)
		err := o.Panicked()
		if (err != nil) != step.crash {
			t.Errorf("after %q: %v", step.text, err)
		}
		if err != nil && !strings.Contains(err.Error(), "panic: no such thing") {
			t.Errorf("after %q: %v does not tell it", step.text, err)
		}
	}
}
