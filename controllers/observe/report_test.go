package observe_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/observe"
)

func TestParseReport(t *testing.T) {
	facts := `{"archive":"20261123-120823-x7k2p","engine":"PostgreSQL","version":"17","bytes":91845,"rows":5005,"sha256":"` +
		strings.Repeat("a", 64) + `"}`
	if got := observe.ParseReport(facts); got == nil || got.Archive != "20261123-120823-x7k2p" || got.Bytes != 91845 || got.Rows != 5005 {
		t.Errorf("facts: %+v", got)
	}
	if got := observe.ParseReport(`{"reason":"WrongKey","message":"put the\u202e right one there"}`); got == nil ||
		got.Reason != "WrongKey" || got.Message != "put the  right one there" {
		t.Errorf("complaint: %+v", got)
	}
	placed := `{"archive":"20261123-120823-x7k2p","location":"s3://acme-backups/eu1/shop/main","endpoint":"https://s3.example.com:9000"}`
	if got := observe.ParseReport(placed); got == nil || got.Location != "s3://acme-backups/eu1/shop/main" || got.Endpoint != "https://s3.example.com:9000" {
		t.Errorf("place: %+v", got)
	}
	if got := observe.ParseReport(`{"reason":"TopologyDiffers","message":"virtual host shop, queue new: x-queue-type is quorum"}`); got == nil ||
		got.Reason != "TopologyDiffers" {
		t.Errorf("complaint about a queue: %+v", got)
	}
	for _, text := range []string{
		`{"location":"file:///etc"}`, `{"location":"s3://a/../b"}`, `{"location":"s3://a b"}`, `{"endpoint":"http://a"}`, `{"endpoint":"https://a/b"}`,
		`{"location":"s3://` + strings.Repeat("a", 600) + `"}`, "", "done", "null", "[]", `{"reason":"Ready"}`, `{"reason":"WrongKey"} {}`, `{"archive":"../x"}`, `{"bytes":-1}`, `{"sha256":"x"}`,
		`{"version":"17; rm"}`, `{"engine":"a b"}`, `{"more":1}`, `{"message":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		if got := observe.ParseReport(text); got != nil && text != "null" {
			t.Errorf("%.40q is believed: %+v", text, got)
		}
	}
}

// FuzzParseReport: whatever a pod says, what is believed is of the right shape.
func FuzzParseReport(f *testing.F) {
	f.Add(`{"archive":"20261123-120823-x7k2p","engine":"PostgreSQL","version":"17","bytes":1,"rows":2}`)
	f.Add(`{"reason":"WrongKey","message":"words"}`)
	f.Add("{\"reason\":\"WrongKey\",\"message\":\"\\n\\u0000\xff\"}")
	f.Fuzz(func(t *testing.T, text string) {
		report := observe.ParseReport(text)
		if report == nil {
			return
		}
		if strings.ContainsFunc(report.Message, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("message %q", report.Message)
		}
		if report.Reason == "" && (report.Archive != "" && !kit.IsArchive(report.Archive) || report.Bytes < 0 || report.Rows < 0) {
			t.Errorf("%+v", report)
		}
	})
}
