package celery

import (
	"slices"
	"strings"
	"testing"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

func TestCommand(t *testing.T) {
	eight := int32(8)
	for want, settings := range map[string]v1alpha1.CelerySettings{
		"celery -A shop worker --loglevel INFO --concurrency 2 -n worker@%h": {App: "shop"},
		"celery -A shop.tasks:app worker --loglevel INFO --concurrency 8 -n worker@%h -Q mail,default": {
			App: "shop.tasks:app", Role: v1alpha1.CeleryWorker, Concurrency: &eight, Queues: []string{"mail", "default"},
		},
		"celery -A shop beat --loglevel INFO --schedule /tmp/celerybeat-schedule --pidfile /tmp/celerybeat.pid": {
			App: "shop", Role: v1alpha1.CeleryBeat,
		},
	} {
		component := &v1alpha1.Component{Celery: &settings}
		if got := Runtime().Command(component); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("the command is %q, want %q", got, want)
		}
	}
}

func TestOnlyBeatIsSingle(t *testing.T) {
	for role, want := range map[v1alpha1.CeleryRole]bool{"": false, v1alpha1.CeleryWorker: false, v1alpha1.CeleryBeat: true} {
		component := &v1alpha1.Component{Celery: &v1alpha1.CelerySettings{App: "shop", Role: role}}
		if got := Runtime().Singleton(component); got != want {
			t.Errorf("role %q: single is %v, want %v", role, got, want)
		}
	}
}
