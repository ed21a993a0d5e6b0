package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// twoReleases is a class with two releases of PostgreSQL and a place for backups.
func twoReleases(t *testing.T) *world {
	t.Helper()
	w := vaulted(t)
	class := get(w, w.own, &v1alpha1.StackClass{})
	for _, version := range []string{"17.4", "17.5"} {
		class.Spec.Images = append(class.Spec.Images, v1alpha1.CatalogImage{
			Engine: v1alpha1.CatalogPostgreSQL, Version: version, Image: "ghcr.io/acme/postgres:" + version,
		})
	}
	w.must(w.client.Update(t.Context(), class))
	return w
}

// runs waits until the pods of a StatefulSet are of an image.
func (w *world) runs(set, image string) {
	w.t.Helper()
	w.eventually(set+" runs "+image, func() error {
		object := &appsv1.StatefulSet{}
		if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: w.own, Name: set}, object); err != nil {
			return err
		}
		if is := object.Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(is, image) {
			return errors.New(is)
		}
		return nil
	})
}

// TestABackupComesBeforeAnUpgrade: nothing takes the next release before the backup is complete. A failed one holds it, and is tried
// again when it is deleted.
func TestABackupComesBeforeAnUpgrade(t *testing.T) {
	w := twoReleases(t)
	w.database("main", "  version: \"17.4\"\n")
	op := w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.eventually("it is noted that the database has answered", func() error {
		if a := w.anchorOf("main"); a.Backup == nil || !a.Backup.Served {
			return fmt.Errorf("%+v", a.Backup)
		}
		return nil
	})
	w.workloadsStay.Store(true)
	edit(w, "main", databaseNamed("main"), func(d *v1alpha1.StackDatabase) { d.Spec.Version = "17.5" })
	waits := w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonUpgrading)
	if !strings.Contains(waits.Message, "main-upg-1") {
		t.Error(waits.Message)
	}
	job := w.job("main-upg-1")
	w.runs("main", ":17.4")
	w.ended(job, 1, `{"reason":"TargetFull","message":"the place of the backups is full"}`)
	w.failed(job)
	held := w.condition(databaseNamed("main"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUpgradeHeld)
	if !strings.Contains(held.Message, "TargetFull") || !strings.Contains(held.Message, v1alpha1.AnnotationUpgradeWithoutBackup+`: "17.5"`) {
		t.Error(held.Message)
	}
	w.runs("main", ":17.4")

	backup := get(w, "main-upg-1", &v1alpha1.StackBackup{})
	w.must(w.client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	w.must(w.client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(w.own), client.MatchingLabels{batchv1.JobNameLabel: job.Name}))
	w.gone(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: job.Name}})
	w.must(w.client.Delete(t.Context(), backup))
	w.eventually("the backup is made again", func() error {
		again := &v1alpha1.StackBackup{}
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(backup), again); err != nil || again.UID == backup.UID {
			return fmt.Errorf("%s, %w", again.UID, err)
		}
		return nil
	})
	w.workloadsStay.Store(false)
	again := w.job("main-upg-1") // which may have been made before jobs ran again
	w.ended(again, 0, facts)
	w.run(t.Context(), w.job(again.Name))
	w.runs("main", ":17.5")
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if a := w.anchorOf("main"); a.Upgrade != nil || a.Upgrades != 1 || a.Version != "17.5" {
		t.Errorf("%+v", a)
	}
	op.quiet()
}

// TestCopiesTakeAnUpgradeFirst: the primary stays as it is until they run the next release.
func TestCopiesTakeAnUpgradeFirst(t *testing.T) {
	w := twoReleases(t)
	w.database("main", "  version: \"17.4\"\n  replicas: 1\n")
	op := w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.workloadsStay.Store(true)
	edit(w, "main", databaseNamed("main"), func(d *v1alpha1.StackDatabase) {
		d.Spec.Version, d.Annotations = "17.5", map[string]string{v1alpha1.AnnotationUpgradeWithoutBackup: "17.5"}
	})
	w.runs("main-replica", ":17.5")
	op.quiet()
	w.runs("main", ":17.4")
	w.condition(databaseNamed("main"), v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonServing)
	w.workloadsStay.Store(false)
	w.run(t.Context(), get(w, "main-replica", &appsv1.StatefulSet{}))
	w.runs("main", ":17.5")
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if a := w.anchorOf("main"); a.Upgrade != nil || a.Version != "17.5" || w.exists(&v1alpha1.StackBackup{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "main-upg-1"}}) {
		t.Errorf("%+v", a)
	}
}
