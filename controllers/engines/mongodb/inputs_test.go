package mongodb

import (
	"os"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
)

// TestInputsStay pins the hash of one case, which the number of members does not change. Another hash for what exists lets out an update of
// every database at once when the operator is upgraded: a new field has to be left out where it is not set.
func TestInputsStay(t *testing.T) {
	const hash = "fc73cb07d2"
	for _, name := range []string{"minimal", "two-members", "four-members", "members-leave"} {
		content, err := os.ReadFile("testdata/" + name + ".golden.yaml")
		if err != nil || !strings.Contains(string(content), kit.AnnotationInputs+": "+hash+"\n") {
			t.Errorf("the inputs of %s have another hash than %s (%v)", name, hash, err)
		}
	}
}
