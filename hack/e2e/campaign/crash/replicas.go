package crash

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/campaign"
	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// web is the Deployment of the component that workloads scale and roll out.
const web = "shop-web"

// scaling are workloads in which somebody else decides the number of pods, and one that looks when Ready is said.
func scaling() []Workload {
	autoscaled := edited(plain, "replicas: 2", "scale: {min: 2, max: 6, metrics: [{type: CPU, targetUtilization: 70}]}")
	more := edited(plain, "replicas: 2", "replicas: 4")
	suspended := edited(autoscaled, "spec:\n", "spec:\n  suspend: true\n")
	down := func(ctx context.Context, w *rig.World) error {
		if err := w.Apply(ctx, suspended); err != nil {
			return err
		}
		return w.Converged(ctx, v1alpha1.ReasonSuspended)
	}
	return []Workload{
		{Name: "autoscale-from-more", Given: more, Step: apply(autoscaled), Done: runs(4)},
		{Name: "autoscaled-edit", Given: autoscaled, Prepare: scaledTo(5), Step: apply(edited(autoscaled, "1.4.2", "1.5.0")), Done: runs(5)},
		{Name: "resume-autoscaled", Given: autoscaled, Prepare: down, Step: apply(edited(suspended, "suspend: true", "suspend: false")), Done: runs(2)},
		{Name: "autoscale-ended", Given: autoscaled, Step: apply(plain), Done: fixed},
		{Name: "slow-rollout", Given: small, Step: slowly("1.5.0")},
	}
}

// scaledTo gives the Deployment a number of pods as an autoscaler does.
func scaledTo(replicas int32) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		deployment := &appsv1.Deployment{}
		if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: web}, deployment); err != nil {
			return err
		}
		scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
		if err := w.Client.SubResource("scale").Update(ctx, deployment, client.WithSubResourceBody(scale)); err != nil {
			return err
		}
		return w.Converged(ctx)
	}
}

// runs waits until the Deployment has a number of pods: not the operator decides it, and what was decided is kept.
func runs(replicas int32) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		if err := w.Converged(ctx); err != nil {
			return err
		}
		deployment := &appsv1.Deployment{}
		if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: web}, deployment); err != nil {
			return err
		}
		if is := *deployment.Spec.Replicas; is != replicas {
			return fmt.Errorf("the autoscaler's number of pods is not kept (O3): %d, not %d", is, replicas)
		}
		return nil
	}
}

// fixed waits until no autoscaler is left, which would go on deciding.
func fixed(ctx context.Context, w *rig.World) error {
	if err := w.Converged(ctx); err != nil {
		return err
	}
	scalers := &autoscalingv1.HorizontalPodAutoscalerList{}
	if err := w.Client.List(ctx, scalers, client.InNamespace(w.Own)); err != nil {
		return err
	}
	if n := len(scalers.Items); n > 0 {
		return fmt.Errorf("%d autoscalers are left that nobody declares any more (O3)", n)
	}
	return nil
}

// slowStage is how long a stage of a new pod takes: time enough to see that Ready is said too early.
const slowStage = 300 * time.Millisecond

// slowly rolls an image out while pods take their time, and looks at the Deployment in the moment in which the stack says Ready of it.
func slowly(version string) campaign.Step {
	return func(ctx context.Context, w *rig.World) error {
		w.Nodes.SetDelay(slowStage)
		defer func() { _ = w.Nodes.Relent(ctx) }() // a pod that is not stepped on is seen by the oracles
		ctx, cancel := context.WithTimeout(ctx, rig.ConvergeLimit)
		defer cancel()
		stacks, err := w.Client.Watch(ctx, &v1alpha1.BackendStackList{}, client.InNamespace(w.Own))
		if err != nil {
			return err
		}
		defer stacks.Stop()
		if err := w.Apply(ctx, edited(small, "1.4.2", version)); err != nil {
			return err
		}
		return truthful(ctx, w, stacks, version)
	}
}

// truthful is O13: when Ready is said of the second generation, it is rolled out. An operator that was killed is started again.
func truthful(ctx context.Context, w *rig.World, stacks watch.Interface, version string) error {
	reviving, cancel := context.WithCancel(ctx)
	revived := make(chan error, 1)
	go func() { revived <- w.Operator.Revive(reviving) }()
	defer func() {
		cancel()
		<-revived
	}()
	for event := range stacks.ResultChan() {
		stack, ok := event.Object.(*v1alpha1.BackendStack)
		ready := ok && meta.IsStatusConditionTrue(stack.Status.Conditions, v1alpha1.ConditionReady)
		if !ready || stack.Generation < 2 || stack.Status.ObservedGeneration != stack.Generation {
			continue
		}
		return rolledOut(ctx, w, version)
	}
	return nil // it was not said in time, which O1 tells in more words
}

func rolledOut(ctx context.Context, w *rig.World, version string) error {
	deployment := &appsv1.Deployment{}
	if err := w.Client.Get(ctx, client.ObjectKey{Namespace: w.Own, Name: web}, deployment); err != nil {
		return err
	}
	pods := &corev1.PodList{}
	if err := w.Client.List(ctx, pods, client.InNamespace(w.Own), client.MatchingLabels(deployment.Spec.Selector.MatchLabels)); err != nil {
		return err
	}
	serving := 0
	for i := range pods.Items {
		for _, c := range pods.Items[i].Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && strings.HasSuffix(pods.Items[i].Spec.Containers[0].Image, ":"+version) {
				serving++
			}
		}
	}
	if wanted := int(*deployment.Spec.Replicas); serving < wanted {
		return fmt.Errorf("status truth (O13): the stack says Ready of an image that %d of %d pods serve", serving, wanted)
	}
	return nil
}
