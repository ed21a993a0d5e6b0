package observe

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// eventLimit bounds how many events of one object are read.
const eventLimit = 50

// +kubebuilder:rbac:groups="",resources=events,verbs=list

// fromEvents looks for a cause in the events of a workload and of its pods: pods that are refused, volumes that cannot be
// mounted. An error of this look is no error of the pass: it only means that the cause stays unknown.
func (o *Observer) fromEvents(ctx context.Context, object client.Object, pods []corev1.Pod) *Cause {
	if cause := o.eventCause(ctx, object.GetNamespace(), object.GetUID()); cause != nil && len(pods) == 0 {
		return cause
	}
	for i := range pods {
		if cause := o.eventCause(ctx, pods[i].Namespace, pods[i].UID); cause != nil {
			return cause
		}
	}
	return nil
}

func (o *Observer) eventCause(ctx context.Context, namespace string, uid types.UID) *Cause {
	events := &corev1.EventList{}
	err := o.Live.List(ctx, events, client.InNamespace(namespace), client.Limit(eventLimit), &client.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(uid)),
	})
	if err != nil {
		return nil
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return b.LastTimestamp.Compare(a.LastTimestamp.Time) })
	for i := range events.Items {
		event := &events.Items[i]
		if event.Type != corev1.EventTypeWarning {
			continue
		}
		switch event.Reason {
		case "FailedCreate":
			return refused(event.Message)
		case "FailedMount", "FailedAttachVolume":
			return mountCause(event.Message)
		}
	}
	return nil
}

func mountCause(message string) *Cause {
	if strings.Contains(message, "not found") || strings.Contains(message, "non-existent") {
		return &Cause{v1alpha1.ReasonConfigMissing, "a volume cannot be mounted: " + tail(afterColon(message))}
	}
	return &Cause{v1alpha1.ReasonStoragePending, "a volume cannot be mounted: " + tail(afterColon(message))}
}

// afterColon leaves out the name of the volume, which carries a random part for some.
func afterColon(message string) string {
	if _, rest, found := strings.Cut(message, " : "); found {
		return rest
	}
	return message
}
