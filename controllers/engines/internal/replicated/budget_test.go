package replicated

import (
	"strings"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

func TestBudget(t *testing.T) {
	reader := func(n int64) part.Consumer { return part.Consumer{Access: v1alpha1.AccessReadOnly, Connections: n} }
	writer := func(n int64) part.Consumer { return part.Consumer{Access: v1alpha1.AccessOwner, Connections: n} }
	for _, c := range []struct {
		what      string
		consumers []part.Consumer
		replicas  int32
		want      v1alpha1.Verdict
		says      string
	}{
		{"nobody", []part.Consumer{writer(0)}, 0, "", ""},
		{"just fits", []part.Consumer{writer(60), writer(40)}, 0, v1alpha1.VerdictEnforced, "open 100 connections at once, and there is room for 100"},
		{"one too many", []part.Consumer{writer(60), writer(41)}, 0, v1alpha1.VerdictUnsupported, "open 101 connections"},
		{"readers of a primary without copies", []part.Consumer{writer(60), reader(41)}, 0, v1alpha1.VerdictUnsupported, "open 101 connections"},
		{"readers of copies", []part.Consumer{writer(60), reader(200)}, 2, v1alpha1.VerdictEnforced, "for reading 200 to the copies, which have room for 200"},
		{"too many readers", []part.Consumer{writer(60), reader(201)}, 2, v1alpha1.VerdictUnsupported, "poolSize"},
	} {
		output := part.Output{}
		verdictOnConnections(&part.Service{Consumers: c.consumers, Replicas: c.replicas}, 100, &output)
		if c.want == "" {
			if len(output.Verdicts) > 0 {
				t.Errorf("%s: %+v", c.what, output.Verdicts)
			}
			continue
		}
		if len(output.Verdicts) != 1 || output.Verdicts[0].Verdict != c.want || !strings.Contains(output.Verdicts[0].Message, c.says) {
			t.Errorf("%s: %+v", c.what, output.Verdicts)
		}
	}
}
