package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/apply"
)

// template is what the operator made of one stack: the floors create exactly that under other names.
type template struct {
	stack   *v1alpha1.BackendStack
	objects []recorded
}

// recorded is one object of a template.
type recorded struct {
	gvk  schema.GroupVersionKind
	json []byte
}

// kindsOf are the kinds that the operator makes.
func kindsOf() []client.ObjectList {
	lists := []client.ObjectList{
		&corev1.SecretList{}, &corev1.PersistentVolumeClaimList{},
		&v1alpha1.StackDatabaseList{}, &v1alpha1.StackCacheList{}, &v1alpha1.StackQueueList{},
	}
	for _, kind := range apply.Kinds() {
		lists = append(lists, kind.NewList())
	}
	return lists
}

// capture reads the objects of the only stack in the namespace.
func capture(ctx context.Context, reader client.Client, number int) (*template, error) {
	t := &template{stack: &v1alpha1.BackendStack{}}
	if err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: stackName(number)}, t.stack); err != nil {
		return nil, err
	}
	for _, list := range kindsOf() {
		if err := reader.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error { return t.record(item.(client.Object)) })
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// record keeps of an object what a client sends.
func (t *template) record(object client.Object) error {
	gvk, err := apiutil.GVKForObject(object, scheme)
	if err != nil {
		return err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	delete(content, "status")
	metadata := content["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
		delete(metadata, field)
	}
	if spec, ok := content["spec"].(map[string]any); ok {
		forget(gvk.Kind, spec, content)
	}
	encoded, err := json.Marshal(content)
	t.objects = append(t.objects, recorded{gvk: gvk, json: encoded})
	return err
}

// forget drops what the API server allots: another object cannot have it too.
func forget(kind string, spec, content map[string]any) {
	switch kind {
	case "Service":
		if spec["clusterIP"] != corev1.ClusterIPNone {
			delete(spec, "clusterIP")
			delete(spec, "clusterIPs")
		}
		delete(spec, "healthCheckNodePort")
		ports, _ := spec["ports"].([]any)
		for _, port := range ports {
			delete(port.(map[string]any), "nodePort")
		}
	case "Job":
		delete(spec, "selector")
		for _, of := range []map[string]any{content, spec["template"].(map[string]any)} {
			labels, _ := of["metadata"].(map[string]any)["labels"].(map[string]any)
			for _, label := range []string{"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"} {
				delete(labels, label)
			}
		}
	}
}

// copies are the objects of one further stack.
func (t *template) copies(number int) ([]client.Object, error) {
	objects := make([]client.Object, 0, len(t.objects))
	for _, r := range t.objects {
		object, err := scheme.New(r.gvk)
		if err != nil {
			return nil, err
		}
		renamed := bytes.ReplaceAll(r.json, []byte(t.stack.Name), []byte(stackName(number)))
		if err := json.Unmarshal(renamed, object); err != nil {
			return nil, fmt.Errorf("%s: %w", r.gvk.Kind, err)
		}
		objects = append(objects, object.(client.Object))
	}
	return objects, nil
}
