package mysql

import (
	"os"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/controllers/kit"
)

// TestInputsStay pins the hash of one case. Another hash for what exists lets out an update of every database at once when
// the operator is upgraded: a new field has to be left out where it is not set.
func TestInputsStay(t *testing.T) {
	const hash = "9ac62e8497"
	content, err := os.ReadFile("testdata/minimal.golden.yaml")
	if err != nil || !strings.Contains(string(content), kit.AnnotationInputs+": "+hash+"\n") {
		t.Errorf("the inputs of minimal have another hash than %s (%v)", hash, err)
	}
}
