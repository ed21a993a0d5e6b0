package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// inFlight is how many requests a pipelined client has under way: more only makes each of them slower.
const inFlight = 16

// pipeline does n things, so many at once, and returns the first error.
func pipeline(n int, do func(i int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	for range min(inFlight, n) {
		group.Go(func() {
			for i := int(next.Add(1) - 1); i < n && failed.Load() == nil; i = int(next.Add(1) - 1) {
				if err := do(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// floor measures a plain client that creates the objects of n stacks. The equivalent floor also creates each stack, writes its
// status once, and holds a watch per kind: what every operator has to cause.
func floor(ctx context.Context, o *options, s *subject, t *template, n int, equivalent bool) (*result, error) {
	a, err := newArena(ctx, o.assets, s)
	if err != nil {
		return nil, err
	}
	defer a.Stop()
	writer, err := client.NewWithWatch(a.Config(userFloor), client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	steps, err := steps(ctx, writer, t, n, equivalent)
	if err != nil {
		return nil, err
	}
	if equivalent {
		release, err := watchAll(ctx, writer)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	name := "raw floor"
	if equivalent {
		name = "equivalent floor"
	}
	r := &result{Subject: name, Stacks: n, Objects: float64(len(t.objects))}
	before, own := a.usage(nil), ownCPU()
	begin := time.Now()
	if err := pipeline(len(steps), func(i int) error { return steps[i]() }); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.took(time.Since(begin))
	r.use(before, a.usage(nil))
	r.CPU.Operator = milliseconds(ownCPU()-own) / float64(n)
	r.Requests.Total = r.Objects
	if equivalent {
		r.Requests.Total += 2 // the stack and its status
	}
	return r, nil
}

// steps are the requests of a floor, made up before the clock starts.
func steps(ctx context.Context, writer client.Client, t *template, n int, equivalent bool) ([]func() error, error) {
	var steps []func() error
	for i := range n {
		if equivalent {
			stack := t.stack.DeepCopy()
			stack.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: stackName(i)}
			steps = append(steps, func() error { return createWithStatus(ctx, writer, stack) })
		}
		objects, err := t.copies(i)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			steps = append(steps, func() error { return writer.Create(ctx, object) })
		}
	}
	return steps, nil
}

// createWithStatus is two requests in a row.
func createWithStatus(ctx context.Context, writer client.Client, stack *v1alpha1.BackendStack) error {
	status := stack.Status
	if err := writer.Create(ctx, stack); err != nil {
		return err
	}
	stack.Status = status
	return writer.Status().Update(ctx, stack)
}

// watchAll opens a watch per kind and reads it until it is released.
func watchAll(ctx context.Context, reader client.WithWatch) (func(), error) {
	lists := append(kindsOf()[1:], &v1alpha1.BackendStackList{}) // no operator of ours watches Secrets
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for _, list := range lists {
		var options []client.ListOption
		if _, stacks := list.(*v1alpha1.BackendStackList); !stacks {
			options = append(options, client.MatchingLabels{kit.LabelManagedBy: kit.ManagedBy})
		}
		watch, err := reader.Watch(ctx, list, options...)
		if err != nil {
			cancel()
			return nil, err
		}
		group.Go(func() {
			defer watch.Stop()
			for range watch.ResultChan() {
			}
		})
	}
	return func() { cancel(); group.Wait() }, nil
}

// ownCPU is the processor time of this program.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
