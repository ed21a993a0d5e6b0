package campaign

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Journal remembers in a file how plans ended that did not fail, so that a run which was interrupted goes on where it was. It knows
// nothing of the operator that was tried: whoever tries another one begins another journal.
type Journal struct {
	file  *os.File
	known map[string]Result
}

// OpenJournal reads a file, or makes it.
func OpenJournal(path string) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &Journal{file: file, known: map[string]Result{}}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no journal: %w", path, err), file.Close())
	}
	return j, nil
}

// Close ends the journal.
func (j *Journal) Close() error { return j.file.Close() }

// read takes the lines that are whole, and cuts off one that a run ended within.
func (j *Journal) read() error {
	reader, whole := bufio.NewReader(j.file), int64(0)
	for {
		line, err := reader.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return j.file.Truncate(whole)
		}
		if err != nil {
			return err
		}
		whole += int64(len(line))
		var result Result
		reached := false
		plan, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if _, err := fmt.Sscanf(rest, "%f\t%t", &result.Seconds, &reached); err != nil {
			return fmt.Errorf("line %q: %w", line, err)
		}
		if result.Plan = plan; !reached {
			result.Err = ErrNotReached
		}
		j.known[plan] = result
	}
}

// note adds how a plan ended, unless it failed or was seen to fail: such a one is run again.
func (j *Journal) note(result *Result) error {
	if j == nil || result.Failed() || result.Once != nil {
		return nil
	}
	_, err := fmt.Fprintf(j.file, "%s\t%.1f\t%t\n", result.Plan, result.Seconds, result.Reached())
	return err
}

// pick splits plans into those that are to be run and the results of the others.
func (j *Journal) pick(plans []Plan) (todo []Plan, ended []Result) {
	if j == nil {
		return plans, nil
	}
	for _, plan := range plans {
		if result, ok := j.known[plan.ID]; ok {
			ended = append(ended, result)
		} else {
			todo = append(todo, plan)
		}
	}
	return todo, ended
}
