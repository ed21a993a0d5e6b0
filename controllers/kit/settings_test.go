package kit_test

import (
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
)

func TestSettings(t *testing.T) {
	whole, word, text := kit.Whole(-1, 10), kit.OneOf("yes", "no"), kit.Matching("letters", "[a-c]+|z")
	tests := []struct {
		setting kit.Setting
		value   string
		fits    bool
	}{
		{whole, "-1", true},
		{whole, "10", true},
		{whole, "11", false},
		{whole, "-2", false},
		{whole, "+1", false},
		{whole, "01", false},
		{whole, "1 ", false},
		{whole, "", false},
		{whole, "99999999999999999999", false},
		{word, "yes", true},
		{word, "Yes", false},
		{word, "", false},
		{text, "abc", true},
		{text, "z", true},
		{text, "abcz", false},
		{text, "abc\n", false},
		{text, "", false},
	}
	for _, test := range tests {
		if test.setting.Accepts(test.value) != test.fits {
			t.Errorf("%q as %s: want %v", test.value, test.setting.Wants, test.fits)
		}
	}
}
