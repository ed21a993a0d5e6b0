package credentials

import (
	"math"
	"strings"
	"testing"
)

// TestPasswordsAreUsable: a value stands in URLs, shell words, SQL and configuration files without an escape.
func TestPasswordsAreUsable(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		value := Password()
		if len(value) != PasswordLength || strings.Trim(value, alphabet) != "" {
			t.Fatalf("%q", value)
		}
		if seen[value] {
			t.Fatalf("%s came twice", value)
		}
		seen[value] = true
	}
	for _, c := range alphabet {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			t.Errorf("%q needs an escape somewhere", c)
		}
	}
}

// TestCharactersAreEquallyLikely: the count of each lies within six standard deviations, which a bias of one byte in 256 would
// not (8 of 62 characters would come a quarter more often).
func TestCharactersAreEquallyLikely(t *testing.T) {
	for _, from := range []string{alphabet, "bcdfghjklmnpqrstvwxz2456789", "ab", "abc"} {
		const draws = 200_000
		counts := map[rune]int{}
		for _, c := range random(from, draws) {
			counts[c]++
		}
		mean := float64(draws) / float64(len(from))
		deviation := math.Sqrt(mean * (1 - 1/float64(len(from))))
		for _, c := range from {
			if math.Abs(float64(counts[c])-mean) > 6*deviation {
				t.Errorf("of %d characters of %q, %q came %d times, not about %.0f times", draws, from, c, counts[c], mean)
			}
		}
	}
}

func TestSuffixesFitNames(t *testing.T) {
	for range 100 {
		if value := suffix(); len(value) != 5 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Fatalf("%q", value)
		}
	}
}

func TestDigest(t *testing.T) {
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := digestOf("abc"); got != abc {
		t.Errorf("%s is not the SHA-256 of abc", got)
	}
}
