package rig

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// AnchorsFirst is a part of O7: what a data service stands on is recorded before there is a server. A server whose anchor comes
// later has credentials that nobody may know any more.
func (w *World) AnchorsFirst() error {
	return anchorsFirst(w.Proxy.Since(w.Begun))
}

func anchorsFirst(requests []Request) error {
	servers := map[string]bool{}
	for i := range requests {
		r := &requests[i]
		if r.Verb != "create" || r.Status != 201 || r.DryRun {
			continue
		}
		switch {
		case r.Resource == "statefulsets":
			servers[r.Namespace+"/"+r.Name] = true
		case r.Resource == "configmaps" && servers[r.Namespace+"/"+anchored(r.Name)]:
			return fmt.Errorf("data safety (O7): the anchor %s was written after the server that it is of", r.Name)
		}
	}
	return nil
}

// anchored is the name of the service whose anchor a ConfigMap is.
func anchored(configMap string) string {
	for _, kind := range []string{"database", "cache", "queue"} {
		if service, ok := strings.CutSuffix(configMap, "-"+kind+"-anchor"); ok {
			return service
		}
	}
	return ""
}

// consumes says whether the stack of a consumer is there and has the entry that the login was made for (D6): who left has none.
func (c *credentials) consumes(ctx context.Context, consumer *anchor.Consumer) error {
	stack := &v1alpha1.BackendStack{}
	err := c.Client.Get(ctx, client.ObjectKey{Namespace: consumer.Namespace, Name: consumer.Stack}, stack)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	has := func(e resolve.Entry) bool { return e.Name == consumer.Entry && e.Object != "" }
	if apierrors.IsNotFound(err) || !slices.ContainsFunc(resolve.Entries(stack), has) {
		return fmt.Errorf("stack %s/%s has a login for %s, which it does not use any more", consumer.Namespace, consumer.Stack, consumer.Entry)
	}
	return nil
}
