package main

import (
	"fmt"
	"os"
	"time"
)

// How often a long step shows where it is: often on a terminal, where the line
// is drawn over, and seldom in a log.
const (
	terminalInterval = 500 * time.Millisecond
	logInterval      = 15 * time.Second
)

// calledAs is how to call this program again, as messages say it. The script that
// runs it passes its own name on.
func calledAs() string {
	if name := os.Getenv("STACKWRIGHT_CLUSTER_COMMAND"); name != "" {
		return name
	}
	return "hack/cluster/cluster.sh"
}

// say prints a line of progress for people; it goes to standard error, so that
// standard output stays free for results.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// onTerminal reports whether standard error is a terminal.
func onTerminal() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// showProgress prints what line returns until stop is called. Nothing is printed
// for steps that end before the first interval.
func showProgress(line func(elapsed time.Duration) string) (stop func()) {
	begin, quit, done := time.Now(), make(chan struct{}), make(chan struct{})
	interval, before, after := logInterval, "", "\n"
	if onTerminal() {
		interval, before, after = terminalInterval, "\r\033[K", ""
	}
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				fmt.Fprint(os.Stderr, before)
				return
			case <-ticker.C:
				fmt.Fprint(os.Stderr, before+line(time.Since(begin))+after)
			}
		}
	}()
	return func() { close(quit); <-done }
}

// rounded is a duration fit for people.
func rounded(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
