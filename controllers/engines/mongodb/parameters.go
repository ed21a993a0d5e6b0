package mongodb

import (
	"regexp"
	"strconv"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// checkParameters refuses what the server cannot have, so that a typing error does not stop it.
func checkParameters(s *part.Service) error {
	if err := settings.Check(s.Parameters, nil); err != nil {
		return err
	}
	value, set := s.Parameters[cacheOption]
	if !set {
		return nil
	}
	if size, err := strconv.ParseFloat(value, 64); err != nil || size < 0.25 || size*gibibyte > float64(memory(s))*0.6 {
		return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s: %q is less than 0.25, the least that the server takes, or more than "+
			"60 %% of the container's memory; choose another value, or a larger size", cacheOption, value)
	}
	return nil
}

// plain are values that are numbers or true and false.
var plain = regexp.MustCompile(`^([0-9.]+|true|false)$`)

// scalar writes a value that was checked as YAML has it. A word is quoted: off would be false.
func scalar(value string) string {
	if plain.MatchString(value) {
		return value
	}
	return strconv.Quote(value)
}
