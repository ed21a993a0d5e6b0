package main

import (
	"context"
	"fmt"
	"time"
)

// restart kills the operator and starts it on what it made: it should read everything once and change nothing.
func (t *trial) restart(ctx context.Context) error {
	t.operator.Kill()
	if _, err := t.audit.read(); err != nil {
		return err
	}
	begin := time.Now()
	if err := t.launch(ctx); err != nil {
		return err
	}
	if passes := t.passes(ctx); t.metrics != nil && passes < float64(t.r.Stacks) {
		t.note(fmt.Sprintf("only %.0f passes after the restart: it was not seen whole", passes))
	}
	requests, err := t.audit.read()
	asked := of(requests, t.s.user)
	a := &again{Seconds: t.busy.Sub(begin).Seconds(), By: count(asked), Resident: mebibytes(t.operator.Resident())}
	for _, r := range asked {
		switch {
		case r.write():
			a.Writes++
		case r.resource == "discovery":
			a.Discovery++
		case r.verb == "get":
			a.Reads++
		default:
			a.Lists++
		}
	}
	t.r.Restart = a
	return err
}

// resync starts the operator with a short period of looking at everything again, and counts what that costs.
func (t *trial) resync(ctx context.Context) error {
	t.operator.Stop()
	if err := t.launch(ctx, "--sync-period", t.o.resync.String()); err != nil {
		return err
	}
	w, err := t.watchWindow(ctx, 2*t.o.resync)
	if err != nil {
		return err
	}
	t.r.Resync = w
	if w.Passes < float64(t.r.Stacks) {
		t.note(fmt.Sprintf("only %.0f passes during the resync: it was not seen whole", w.Passes))
	}
	return nil
}
