// Package observe reads back from the cache how the objects of a resource are.
package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/kit"
)

// Cause is why something is not ready: a condition reason, and a message that names the cause and the next step.
type Cause struct {
	Reason, Message string
}

// Workload is how a Deployment, StatefulSet or Job is.
type Workload struct {
	Kind, Name string
	// Component is the label app.kubernetes.io/name: the component's name, or the engine's.
	Component string
	// Wanted and Ready count pods.
	Wanted, Ready int32
	// RolledOut says that this generation runs everywhere and answers, and nothing older runs.
	RolledOut bool
	// Stuck says that the deployment controller gave up hope.
	Stuck bool
	// Cause is nil when there is nothing to say.
	Cause *Cause
	// Report is what the newest pod of a Job left behind; nil for other workloads and where that is nothing.
	Report *Report
}

// State is how the objects of a resource are.
type State struct {
	Workloads []Workload
	// Address is the address of the load balancer, empty while it has none.
	Address string
	// HasBalancer says that a Service of type LoadBalancer exists.
	HasBalancer bool
	// Unexplained says that something is not ready and only events can tell why: look again soon.
	Unexplained bool
}

// Observer reads the state.
type Observer struct {
	Applier *apply.Applier
	// Cache reads pods. Live reads events, and only while something is not ready and pods do not tell why; and the pods of a failed Job
	// of which the cache has no word.
	Cache, Live client.Reader
}

// Read returns the state of everything that the owner controls. generations are those that this pass wrote: what the cache
// shows of an earlier one is no answer to it.
func (o *Observer) Read(ctx context.Context, owner desired.Owner, generations map[string]int64) (*State, error) {
	owned, err := o.Applier.Owned(ctx, owner)
	if err != nil {
		return nil, err
	}
	pods := &corev1.PodList{}
	err = o.Cache.List(ctx, pods, client.InNamespace(owner.Object.GetNamespace()),
		client.MatchingFields{apply.IndexOwner: apply.KeyOf(owner)})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	state := &State{}
	for _, object := range owned {
		if service, ok := object.(*corev1.Service); ok && service.Spec.Type == corev1.ServiceTypeLoadBalancer {
			state.HasBalancer, state.Address = true, address(service)
		}
		if workload, ok := workloadOf(object); ok {
			if object.GetGeneration() < generations[apply.Key(workload.Kind, workload.Name)] {
				workload.RolledOut, workload.Stuck, workload.Cause = false, false, &Cause{v1alpha1.ReasonProgressing, "the last change is rolling out"}
			}
			if workload.Kind == "Job" {
				if err := o.hear(ctx, object, &workload, pods.Items); err != nil {
					return nil, err
				}
			}
			o.judge(ctx, state, object, &workload, pods.Items)
			state.Workloads = append(state.Workloads, workload)
		}
	}
	return state, nil
}

// judge adds what the pods of a workload tell.
func (o *Observer) judge(ctx context.Context, state *State, object client.Object, workload *Workload, pods []corev1.Pod) {
	if cause := recentCrash(object, pods, time.Now()); cause != nil && workload.RolledOut {
		workload.RolledOut, workload.Cause, state.Unexplained = false, cause, true
	}
	if !workload.RolledOut && workload.Cause == nil {
		o.explain(ctx, state, object, workload, pods)
	}
}

// eventPatience is how long pods may take to start before their events are read: most need less, and each read is a request.
const eventPatience = 5 * time.Second

func (o *Observer) explain(ctx context.Context, state *State, object client.Object, workload *Workload, pods []corev1.Pod) {
	if !noticed(object) { // nothing was tried yet; the object's next version tells
		return
	}
	mine, now := podsOf(object, pods), time.Now()
	workload.Cause = worst(mine, now)
	if workload.Cause != nil && workload.Cause.Reason != v1alpha1.ReasonProgressing {
		return
	}
	state.Unexplained = true
	if now.Sub(latest(object, mine)) < eventPatience {
		return
	}
	if cause := o.fromEvents(ctx, object, mine); cause != nil {
		workload.Cause = cause
	}
}

// noticed says whether Kubernetes has begun to act on a workload as it is now.
func noticed(object client.Object) bool {
	switch o := object.(type) {
	case *appsv1.Deployment:
		return o.Status.ObservedGeneration == o.Generation
	case *appsv1.StatefulSet:
		return o.Status.ObservedGeneration == o.Generation
	case *batchv1.Job:
		return o.Status.StartTime != nil
	}
	return true
}

// latest is when the youngest pod of a workload was made; without pods, when the workload was.
func latest(object client.Object, pods []corev1.Pod) time.Time {
	result := object.GetCreationTimestamp().Time
	for i := range pods {
		if made := pods[i].CreationTimestamp.Time; made.After(result) {
			result = made
		}
	}
	return result
}

// podsOf are the pods of a workload, by the frozen selector keys.
func podsOf(object client.Object, pods []corev1.Pod) []corev1.Pod {
	template := desired.Template(object)
	return slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool {
		for _, key := range []string{kit.LabelName, kit.LabelInstance, kit.LabelComponent} {
			if pod.Labels[key] != template.Labels[key] {
				return true
			}
		}
		return !pod.DeletionTimestamp.IsZero()
	})
}

func address(service *corev1.Service) string {
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.Hostname != "" {
			return ingress.Hostname
		}
		if strings.Contains(ingress.IP, ":") {
			return "[" + ingress.IP + "]"
		}
		if ingress.IP != "" {
			return ingress.IP
		}
	}
	return ""
}

func workloadOf(object client.Object) (Workload, bool) {
	var workload Workload
	switch o := object.(type) {
	case *appsv1.Deployment:
		workload = deployment(o)
	case *appsv1.StatefulSet:
		workload = statefulSet(o)
	case *batchv1.Job:
		workload = job(o)
	default:
		return workload, false
	}
	workload.Name, workload.Component = object.GetName(), object.GetLabels()[kit.LabelName]
	return workload, true
}

func replicas(pointer *int32) int32 {
	if pointer == nil {
		return 1
	}
	return *pointer
}

// RolledOut says that the pods of a Deployment are all of this generation, and ready.
func RolledOut(d *appsv1.Deployment) bool {
	s, wanted := d.Status, replicas(d.Spec.Replicas)
	return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == wanted && s.Replicas == wanted && s.AvailableReplicas == wanted
}

func deployment(d *appsv1.Deployment) Workload {
	s := d.Status
	workload := Workload{Kind: "Deployment", Wanted: replicas(d.Spec.Replicas), Ready: s.ReadyReplicas, RolledOut: RolledOut(d)}
	for _, condition := range s.Conditions {
		switch {
		case condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue:
			workload.Cause = refused(condition.Message)
		case condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded":
			workload.Stuck = true
		}
	}
	return workload
}

func statefulSet(s *appsv1.StatefulSet) Workload {
	workload := Workload{Kind: "StatefulSet", Wanted: replicas(s.Spec.Replicas), Ready: s.Status.ReadyReplicas}
	workload.RolledOut = s.Status.ObservedGeneration == s.Generation && s.Status.ReadyReplicas == workload.Wanted &&
		s.Status.Replicas == workload.Wanted && (workload.Wanted == 0 || s.Status.UpdatedReplicas == workload.Wanted)
	return workload
}

func job(j *batchv1.Job) Workload {
	workload := Workload{Kind: "Job", Wanted: 1}
	for _, condition := range j.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			workload.RolledOut, workload.Ready = true, 1
		case batchv1.JobFailed:
			workload.Stuck = true
			workload.Cause = &Cause{v1alpha1.ReasonJobFailed,
				fmt.Sprintf("job %s failed; read kubectl logs job/%s, mend the cause and delete the job", j.Name, j.Name)}
		}
	}
	return workload
}

// refused explains why the API server refuses to create pods.
func refused(message string) *Cause {
	switch {
	case strings.Contains(message, "exceeded quota"), strings.Contains(message, "failed quota"),
		strings.Contains(message, "LimitRange"), strings.Contains(message, "maximum cpu"), strings.Contains(message, "maximum memory"):
		return &Cause{v1alpha1.ReasonQuotaExceeded, "the namespace's quota refuses its pods (" + tail(message) + "); raise the quota or choose a smaller size"}
	}
	return &Cause{v1alpha1.ReasonPodRefused, "its pods are refused (" + tail(message) + ")"}
}

// tail is the part of an API server's message that tells: behind the pod's random name, and short.
func tail(message string) string {
	if _, rest, found := strings.Cut(message, "is forbidden: "); found {
		message = rest
	}
	const limit = 250
	if len(message) > limit {
		message = strings.ToValidUTF8(message[:limit], "") + "..."
	}
	return message
}
