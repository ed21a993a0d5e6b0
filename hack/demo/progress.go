package main

import (
	"fmt"
	"io"
	"time"
)

// progress writes lines with the time since the beginning.
type progress struct {
	out   io.Writer
	begin time.Time
}

func (p *progress) say(format string, args ...any) {
	elapsed := time.Since(p.begin).Round(time.Second)
	fmt.Fprintf(p.out, "%6s  %s\n", elapsed, fmt.Sprintf(format, args...))
}
