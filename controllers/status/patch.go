package status

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Patch sends a status in one request, and nothing when it did not change. before and after are the resource with the old and
// the new status; it says whether it sent something.
func Patch(ctx context.Context, writer client.StatusClient, before, after client.Object) (bool, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return false, nil
	}
	err := writer.Status().Patch(ctx, after, client.MergeFrom(before))
	return err == nil, client.IgnoreNotFound(err)
}
