package rabbitmq

import (
	"fmt"
	"strconv"
	"strings"
)

// upgrade allows a patch and the next minor release within 4.x: nodes of neighbouring releases form one cluster while they are
// replaced one by one. 4.3 takes metadata only as 4.2 leaves them, and no release starts on the files of a later one.
func upgrade(from, to string) error {
	old, err := parseRelease(from)
	if err != nil {
		return err
	}
	wanted, err := parseRelease(to)
	if err != nil {
		return err
	}
	switch {
	case wanted.before(old):
		return fmt.Errorf("RabbitMQ cannot go back from %s to %s: an older release does not start on the files of a later one", from, to)
	case wanted.major != old.major:
		return fmt.Errorf("RabbitMQ cannot go from %s to %s in place: only releases of one major version follow each other", from, to)
	case wanted.minor > old.minor+1:
		return fmt.Errorf("RabbitMQ cannot go from %s to %s in one step: take %d.%d first", from, to, old.major, old.minor+1)
	}
	return nil
}

// anyPatch stands for a patch that a version does not say.
const anyPatch = -1

// release is a version as far as upgrades care.
type release struct{ major, minor, patch int }

func (r release) before(other release) bool {
	if r.major != other.major {
		return r.major < other.major
	}
	if r.minor != other.minor {
		return r.minor < other.minor
	}
	return r.patch != anyPatch && other.patch != anyPatch && r.patch < other.patch
}

// parseRelease reads a version of two or three numbers.
func parseRelease(version string) (release, error) {
	numbers := [3]int{2: anyPatch}
	parts := strings.Split(version, ".")
	if len(parts) < 2 || len(parts) > len(numbers) {
		return release{}, fmt.Errorf("RabbitMQ version %q is not of the form 4.2 or 4.2.9", version)
	}
	for i, text := range parts {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 {
			return release{}, fmt.Errorf("RabbitMQ version %q is not of the form 4.2 or 4.2.9", version)
		}
		numbers[i] = number
	}
	return release{numbers[0], numbers[1], numbers[2]}, nil
}
