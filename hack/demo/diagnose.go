package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	diagnosisTimeout = 30 * time.Second
	logLines         = "15"
)

// diagnose shows what helps to find out why the shop does not work. It makes do with what it gets.
func (d *demo) diagnose(ctx context.Context, shop *stack) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), diagnosisTimeout)
	defer cancel()
	ready := shop.condition("Ready")
	fmt.Printf("\nReady is %s, %s: %s\n", ready.Status, ready.Reason, ready.Message)
	d.showPods(ctx, d.namespace)
	fmt.Println("\nThe operator's last words:")
	d.showLogs(ctx, operatorNamespace, "deployment/stackwright")
	fmt.Printf("\nNext: docs/troubleshooting.md explains the reason %s. ", ready.Reason)
	fmt.Println("Running make demo again goes on from here.")
	if ready.Reason == "ImagePullFailed" {
		d.forgetImages(ctx)
	}
}

// showPods lists the pods of a namespace and shows the last lines of those that are not ready.
func (d *demo) showPods(ctx context.Context, namespace string) {
	listing, err := d.kubectl.output(ctx, nil, "get", "pods", "--namespace", namespace)
	fmt.Printf("\n$ kubectl get pods --namespace %s\n%s", namespace, listing)
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := d.kubectl.output(ctx, nil, "get", "pods", "--namespace", namespace, "--output", "json")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range unreadyPods(content) {
		fmt.Printf("\n$ kubectl logs --namespace %s %s\n", namespace, name)
		d.showLogs(ctx, namespace, name)
	}
}

func (d *demo) showLogs(ctx context.Context, namespace, object string) {
	lines, err := d.kubectl.output(ctx, nil, "logs", "--namespace", namespace, object, "--all-containers", "--tail", logLines)
	fmt.Print(lines)
	if err != nil {
		fmt.Println(err)
	}
}

// unreadyPods are the names of the pods in a list that neither are ready nor have succeeded.
func unreadyPods(content string) []string {
	var list struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Status struct {
				Phase      string      `json:"phase"`
				Conditions []condition `json:"conditions"`
			} `json:"status"`
		} `json:"items"`
	}
	if json.Unmarshal([]byte(content), &list) != nil {
		return nil
	}
	var names []string
	for _, pod := range list.Items {
		state := stack{}
		state.Status.Conditions = pod.Status.Conditions
		if pod.Status.Phase != "Succeeded" && state.condition("Ready").Status != "True" {
			names = append(names, pod.Metadata.Name)
		}
	}
	return names
}

// forgetImages makes the next run load the images again: the node may have dropped them.
func (d *demo) forgetImages(ctx context.Context) {
	if d.context != "" {
		return
	}
	if folder, err := d.findKubectl(ctx); err == nil {
		_ = os.Remove(filepath.Join(folder, "demo-images")) // without it the next run loads them anyway
	}
}
