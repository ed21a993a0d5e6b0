package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// changeLimit is how long a change may take.
const changeLimit = time.Minute

// images tells when a Deployment shows an image.
type images struct {
	sync.Mutex
	waiting map[string]chan time.Time
}

// watchImages watches until it is released. A busy API server may end a watch: the next one begins with everything there is.
func watchImages(ctx context.Context, reader client.WithWatch) (*images, func(), error) {
	i := &images{waiting: map[string]chan time.Time{}}
	ctx, cancel := context.WithCancel(ctx)
	open, err := reader.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(namespace))
	if err != nil {
		cancel()
		return nil, nil, err
	}
	go func() {
		for err == nil {
			for event := range open.ResultChan() {
				if deployment, ok := event.Object.(*appsv1.Deployment); ok {
					i.seen(deployment, time.Now())
				}
			}
			open.Stop()
			open, err = reader.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(namespace))
		}
	}()
	return i, cancel, nil
}

func (i *images) seen(deployment *appsv1.Deployment, at time.Time) {
	i.Lock()
	defer i.Unlock()
	for _, container := range deployment.Spec.Template.Spec.Containers {
		if arrived := i.waiting[container.Image]; arrived != nil {
			arrived <- at
			delete(i.waiting, container.Image)
		}
	}
}

func (i *images) expect(image string) <-chan time.Time {
	arrived := make(chan time.Time, 1)
	i.Lock()
	defer i.Unlock()
	i.waiting[image] = arrived
	return arrived
}

// patch gives a stack another image and waits for it in a Deployment.
func (t *trial) patch(ctx context.Context, i *images, number int, image string) (time.Duration, error) {
	next, err := t.s.withImage(t.stacks[number], image)
	if err != nil {
		return 0, err
	}
	arrived, begin := i.expect(image), time.Now()
	if err := t.load.Patch(ctx, next, client.MergeFrom(t.stacks[number])); err != nil {
		return 0, err
	}
	t.stacks[number] = next
	select {
	case at := <-arrived:
		return at.Sub(begin), nil
	case <-time.After(changeLimit):
		return 0, fmt.Errorf("image %s did not reach a Deployment within %s", image, changeLimit)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// change measures one change after the other, on stacks in turn.
func (t *trial) change(ctx context.Context) error {
	i, release, err := watchImages(ctx, t.load)
	if err != nil {
		return err
	}
	defer release()
	t.r.Change = &change{Samples: t.o.samples}
	var times []time.Duration
	for sample := range t.o.samples {
		took, err := t.patch(ctx, i, sample%len(t.stacks), fmt.Sprintf("registry.example/web:change-%d", sample))
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	t.r.Change.P50 = milliseconds(times[len(times)/2])
	t.r.Change.P99 = milliseconds(times[min(len(times)-1, len(times)*99/100)])
	t.quiet(ctx, t.o.settle, quietLimit)
	requests, err := t.audit.read()
	asked := only(of(requests, t.s.user), func(r request) bool { return !r.event() })
	t.r.Change.RequestsPerEach = float64(len(asked)) / float64(t.o.samples)
	return err
}

// burst changes many stacks at once.
func (t *trial) burst(ctx context.Context) error {
	i, release, err := watchImages(ctx, t.load)
	if err != nil {
		return err
	}
	defer release()
	t.r.Change.Changes = min(200, len(t.stacks))
	stopProfile := t.profile(ctx)
	begin := time.Now()
	var group sync.WaitGroup
	errs := make([]error, t.r.Change.Changes)
	for number := range t.r.Change.Changes {
		group.Go(func() {
			_, errs[number] = t.patch(ctx, i, number, fmt.Sprintf("registry.example/web:burst-%d", number))
		})
	}
	group.Wait()
	t.r.Change.Burst = time.Since(begin).Seconds()
	stopProfile("burst")
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	t.quiet(ctx, t.o.settle, quietLimit)
	_, err = t.audit.read()
	return err
}
