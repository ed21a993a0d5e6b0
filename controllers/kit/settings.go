package kit

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Setting is the type of one of an engine's settings.
type Setting struct {
	// Wants says what a value has to be, for messages.
	Wants string
	// Accepts says whether a value fits.
	Accepts func(value string) bool
}

// Settings are the settings of an engine that a user may choose, by name.
type Settings map[string]Setting

// Whole is a whole number within bounds.
func Whole(low, high int64) Setting {
	return Setting{
		Wants: "a whole number from " + strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10),
		Accepts: func(value string) bool {
			number, err := strconv.ParseInt(value, 10, 64)
			return err == nil && strconv.FormatInt(number, 10) == value && number >= low && number <= high
		},
	}
}

// OneOf is one of a few words.
func OneOf(words ...string) Setting {
	return Setting{
		Wants:   "one of " + strings.Join(words, ", "),
		Accepts: func(value string) bool { return slices.Contains(words, value) },
	}
}

// Matching is a text that matches a pattern as a whole.
func Matching(wants, pattern string) Setting {
	return Setting{Wants: wants, Accepts: regexp.MustCompile(`\A(?:` + pattern + `)\z`).MatchString}
}

// Check returns Invalid for the first parameter, in the order of names, that is no setting or whose value does not fit. Of
// the settings that the operator makes itself, owned says what to change instead.
func (s Settings) Check(parameters, owned map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if problem := s.problem(name, parameters[name], owned); problem != "" {
			return part.Invalid(v1alpha1.ReasonInvalid, "parameters.%s: %s", name, problem)
		}
	}
	return nil
}

func (s Settings) problem(name, value string, owned map[string]string) string {
	if instead, refused := owned[name]; refused {
		return "the operator sets it; " + instead
	}
	setting, known := s[name]
	if !known {
		return "cannot be set; remove it, or use one of " + strings.Join(slices.Sorted(maps.Keys(s)), ", ")
	}
	if !setting.Accepts(value) {
		return strconv.Quote(value) + " does not fit; it has to be " + setting.Wants
	}
	return ""
}
