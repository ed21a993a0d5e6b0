// Package celery adjusts components to Celery: the command lines of worker and beat, and their time to stop.
//
// SIGTERM lets a worker finish the tasks that it runs, so its grace period has to exceed the longest of them. Neither role
// has a probe: `celery inspect ping` starts an interpreter and asks every worker through the broker each time.
package celery

import (
	"strconv"
	"strings"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	gracePeriodSeconds = 300
	defaultConcurrency = 2
)

// Runtime is the runtime Celery.
func Runtime() part.Runtime {
	return part.Runtime{
		Name:               v1alpha1.RuntimeCelery,
		Command:            command,
		Singleton:          isBeat,
		GracePeriodSeconds: gracePeriodSeconds,
		WithoutProbes:      true,
		WithoutNodeJS:      true,
	}
}

func isBeat(component *v1alpha1.Component) bool {
	return component.Celery != nil && component.Celery.Role == v1alpha1.CeleryBeat
}

func command(component *v1alpha1.Component) []string {
	settings := component.Celery
	if settings == nil { // refused by the CRD
		return nil
	}
	if isBeat(component) {
		return beat(settings)
	}
	return worker(settings)
}

// worker names itself after its pod (%h), so that two pods never count as one.
func worker(settings *v1alpha1.CelerySettings) []string {
	concurrency := int32(defaultConcurrency)
	if settings.Concurrency != nil {
		concurrency = *settings.Concurrency
	}
	line := []string{
		"celery", "-A", settings.App, "worker", "--loglevel", "INFO",
		"--concurrency", strconv.Itoa(int(concurrency)), "-n", "worker@%h",
	}
	if len(settings.Queues) > 0 {
		line = append(line, "-Q", strings.Join(settings.Queues, ","))
	}
	return line
}

// beat keeps its files in /tmp, the folder that is always writable. The schedule in it may be lost: a task is then sent
// when it is next due.
func beat(settings *v1alpha1.CelerySettings) []string {
	return []string{
		"celery", "-A", settings.App, "beat", "--loglevel", "INFO",
		"--schedule", "/tmp/celerybeat-schedule", "--pidfile", "/tmp/celerybeat.pid",
	}
}
