// Package status derives every condition from what was resolved and observed. It is pure.
package status

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/observe"
	"github.com/stackwright/stackwright/controllers/part"
)

// messageLimit bounds a message in characters.
const messageLimit = 1000

// Verdict is the state of a resource or of a part of it.
type Verdict struct {
	// Ready says that this generation is fully rolled out and answers.
	Ready bool
	// Stalled says that only a change by the user can help.
	Stalled bool
	// Resting says that nothing is on its way although it is not ready: suspended.
	Resting bool
	// Reason and Message explain it.
	Reason, Message string
}

func ready(message string) Verdict {
	return Verdict{Ready: true, Reason: v1alpha1.ReasonReady, Message: message}
}

func notReady(reason, message string) Verdict { return Verdict{Reason: reason, Message: message} }

// ofError is the verdict on an error of the pass.
func ofError(err error) Verdict {
	if invalid := part.AsInvalid(err); invalid != nil {
		return Verdict{Stalled: true, Reason: invalid.Reason, Message: invalid.Message}
	}
	if waiting := part.AsWaiting(err); waiting != nil {
		return notReady(waiting.Reason, waiting.Message)
	}
	return notReady(v1alpha1.ReasonAPIError, "the last attempt failed and is repeated: "+err.Error())
}

// ofWorkload is the verdict on a workload, under the words by which the user knows it.
func ofWorkload(subject string, w observe.Workload) Verdict {
	switch {
	case w.RolledOut:
		return ready(subject + " is rolled out and answers")
	case w.Cause != nil:
		return Verdict{Stalled: w.Stuck, Reason: w.Cause.Reason, Message: subject + ": " + w.Cause.Message}
	case w.Stuck:
		return Verdict{Stalled: true, Reason: v1alpha1.ReasonNotAnswering,
			Message: subject + ": its rollout makes no progress; look at kubectl describe"}
	}
	return notReady(v1alpha1.ReasonProgressing, subject+" is rolling out")
}

// worst is the first verdict of those that are not ready and say most: one that is stalled, then one with a cause, then any.
func worst(verdicts []Verdict) (Verdict, bool) {
	for _, says := range []func(Verdict) bool{
		func(v Verdict) bool { return v.Stalled },
		func(v Verdict) bool { return v.Reason != v1alpha1.ReasonProgressing },
		func(Verdict) bool { return true },
	} {
		for _, verdict := range verdicts {
			if !verdict.Ready && says(verdict) {
				return verdict, true
			}
		}
	}
	return Verdict{}, false
}

// bounded makes of words of others a message that the API server takes, and that reads the same when it is read back: what is no
// text is replaced, as in JSON, and what is too long is cut.
func bounded(message string) string {
	message = strings.ToValidUTF8(message, "\uFFFD")
	if runes := []rune(message); len(runes) > messageLimit {
		message = string(runes[:messageLimit])
	}
	return message
}

// conditions writes conditions of one generation at one time.
type conditions struct {
	list       []metav1.Condition
	generation int64
	now        time.Time
}

func (c *conditions) set(kind string, state metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&c.list, metav1.Condition{
		Type: kind, Status: state, Reason: reason, Message: bounded(message),
		ObservedGeneration: c.generation, LastTransitionTime: metav1.NewTime(c.now),
	})
}

func (c *conditions) verdict(kind string, v Verdict) {
	c.set(kind, truth(v.Ready), v.Reason, v.Message)
}

// root writes Ready and the two words of kstatus that go with it.
func (c *conditions) root(v Verdict) {
	c.verdict(v1alpha1.ConditionReady, v)
	c.present(v1alpha1.ConditionStalled, v.Stalled, v)
	c.present(v1alpha1.ConditionReconciling, !v.Ready && !v.Stalled && !v.Resting, v)
}

// present writes a condition that exists only while it is true.
func (c *conditions) present(kind string, is bool, v Verdict) {
	if is {
		c.set(kind, metav1.ConditionTrue, v.Reason, v.Message)
	} else {
		meta.RemoveStatusCondition(&c.list, kind)
	}
}

func (c *conditions) updates(held []string) {
	if len(held) == 0 {
		c.set(v1alpha1.ConditionUpdateAvailable, metav1.ConditionFalse, v1alpha1.ReasonUpToDate,
			"every workload runs what this operator would render")
		return
	}
	slices.Sort(held)
	c.set(v1alpha1.ConditionUpdateAvailable, metav1.ConditionTrue, v1alpha1.ReasonHeldBack,
		"this operator would render the pods of "+enumerate(held)+" differently; set spec.restartedAt to let it")
}

func (c *conditions) available(is bool) {
	if is {
		c.set(v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonServing, "every part that serves has a ready pod")
		return
	}
	c.set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonNotServing, "some part that serves has no ready pod")
}

func enumerate(names []string) string {
	const most = 5
	result := ""
	for i, name := range names {
		if i == most {
			return result + " and others"
		}
		if i > 0 {
			result += ", "
		}
		result += name
	}
	return result
}

func truth(is bool) metav1.ConditionStatus {
	if is {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}
