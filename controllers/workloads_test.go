package controllers_test

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// simulate does what the workload controllers and kubelets of a cluster would do, as far as it shows in the status of
// Deployments, StatefulSets, Jobs and Services: whatever is wanted runs at once and answers. There are no pods.
func (w *world) simulate(ctx context.Context) {
	lists := []func() client.ObjectList{
		func() client.ObjectList { return &appsv1.DeploymentList{} },
		func() client.ObjectList { return &appsv1.StatefulSetList{} },
		func() client.ObjectList { return &batchv1.JobList{} },
		func() client.ObjectList { return &corev1.ServiceList{} },
	}
	for _, namespace := range []string{w.own, w.foreign} {
		for _, list := range lists {
			go w.follow(ctx, namespace, list)
		}
	}
}

func (w *world) follow(ctx context.Context, namespace string, list func() client.ObjectList) {
	for ctx.Err() == nil {
		watcher, err := w.client.Watch(ctx, list(), client.InNamespace(namespace))
		if err != nil {
			continue
		}
		for event := range watcher.ResultChan() {
			if object, ok := event.Object.(client.Object); ok && !w.workloadsStay.Load() {
				w.run(ctx, object)
			}
		}
		watcher.Stop()
	}
}

// run sets the status of a workload that does what it should. A conflict is another event.
func (w *world) run(ctx context.Context, object client.Object) {
	next := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of an object is an object
	switch o := next.(type) {
	case *appsv1.Deployment:
		runDeployment(o)
	case *appsv1.StatefulSet:
		runStatefulSet(o)
	case *batchv1.Job:
		runJob(o)
	case *corev1.Service:
		if o.Spec.Type == corev1.ServiceTypeLoadBalancer {
			o.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
		}
	}
	if !equality.Semantic.DeepEqual(object, next) {
		_ = w.client.Status().Update(ctx, next)
	}
}

func runDeployment(d *appsv1.Deployment) {
	n := *d.Spec.Replicas
	d.Status.ObservedGeneration = d.Generation
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n, n, n
	d.Status.UnavailableReplicas = 0
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
	}
}

func runStatefulSet(s *appsv1.StatefulSet) {
	n := *s.Spec.Replicas
	s.Status.ObservedGeneration = s.Generation
	s.Status.Replicas, s.Status.UpdatedReplicas, s.Status.ReadyReplicas, s.Status.AvailableReplicas = n, n, n, n
	s.Status.CurrentReplicas, s.Status.CurrentRevision, s.Status.UpdateRevision = n, "revision", "revision"
}

func runJob(j *batchv1.Job) {
	if len(j.Status.Conditions) > 0 {
		return
	}
	now := metav1.NewTime(time.Now())
	j.Status.StartTime, j.Status.CompletionTime, j.Status.Succeeded = &now, &now, 1
	j.Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, Reason: "CompletionsReached", LastTransitionTime: now},
		{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, Reason: "CompletionsReached", LastTransitionTime: now},
	}
}
