package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
)

// vaulted is a world with a class that keeps backups. Tests of it do not run beside others: a class is seen by all.
func vaulted(t *testing.T) *world {
	t.Helper()
	return vaultedIn(t, v1alpha1.BackupTarget{Volume: &v1alpha1.VolumeTarget{Size: "5Gi"}})
}

func vaultedIn(t *testing.T, target v1alpha1.BackupTarget) *world {
	t.Helper()
	w := newWorld(t)
	class := &v1alpha1.StackClass{ObjectMeta: metav1.ObjectMeta{Name: w.own}, Spec: v1alpha1.StackClassSpec{BackupTarget: &target}}
	w.must(w.client.Create(t.Context(), class))
	t.Cleanup(func() { _ = w.client.Delete(context.Background(), class) })
	return w
}

func (w *world) database(name, more string) {
	w.t.Helper()
	w.apply("apiVersion: stackwright.dev/v1alpha1\nkind: StackDatabase\nmetadata: {name: " + name + "}\nspec:\n" +
		"  engine: PostgreSQL\n  stackClassName: OWN\n" + more)
}

func (w *world) backup(name, database string) *v1alpha1.StackBackup {
	w.t.Helper()
	object := &v1alpha1.StackBackup{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: name}}
	object.Spec.Database.Name = database
	w.must(w.client.Create(w.t.Context(), object))
	return object
}

const facts = `{"archive":"20261123-120823-x7k2p","engine":"PostgreSQL","version":"17","bytes":91845,"rows":5005,"sha256":"` +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `"}`

// ended makes the pod of a Job, as it is after its container ended with a report.
func (w *world) ended(job *batchv1.Job, code int32, report string) {
	w.t.Helper()
	labels := kit.With(job.Spec.Template.Labels, map[string]string{batchv1.JobNameLabel: job.Name})
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: job.Namespace, GenerateName: job.Name + "-", Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "store", Image: "rclone"}}},
	}
	w.must(w.client.Create(w.t.Context(), pod))
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "store", Image: "rclone", State: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: report},
	}}}
	w.must(w.client.Status().Update(w.t.Context(), pod))
}

func (w *world) job(name string) *batchv1.Job {
	w.t.Helper()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: name}}
	w.eventually("job "+name+" is made", func() error { return w.client.Get(w.t.Context(), client.ObjectKeyFromObject(job), job) })
	return job
}

// failed gives a Job up, as its controller does at the exit code of a refusal.
func (w *world) failed(job *batchv1.Job) {
	w.t.Helper()
	now := metav1.Now()
	job.Status.StartTime, job.Status.Failed = &now, 1
	job.Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue, Reason: "PodFailurePolicy", LastTransitionTime: now},
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "PodFailurePolicy", LastTransitionTime: now},
	}
	w.must(w.client.Status().Update(w.t.Context(), job))
}

func TestABackupIsMadeOnceAndRecorded(t *testing.T) {
	w := vaulted(t)
	w.database("main", "")
	op := w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if a := w.anchorOf("main"); a.Backup == nil || !a.Backup.Key || a.Backup.Login == nil {
		t.Fatalf("the anchor has %+v", a.Backup)
	}
	claim, key := get(w, "main-backups", &corev1.PersistentVolumeClaim{}), get(w, "main-backup-key", &corev1.Secret{})
	if len(claim.OwnerReferences)+len(key.OwnerReferences) > 0 || key.Immutable == nil || !*key.Immutable || len(key.Data["passphrase"]) < 32 {
		t.Errorf("%+v, %+v", claim.OwnerReferences, key.ObjectMeta)
	}
	backup := w.backup("first", "main")
	job := w.job("first")
	if owner := metav1.GetControllerOf(job); owner == nil || owner.UID != backup.UID {
		t.Errorf("the job is controlled by %v", owner)
	}
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing)
	w.ended(job, 0, facts)
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted)
	if s := backup.Status; s.Archive != "20261123-120823-x7k2p" || *s.Rows != 5005 || s.Version != "17" || s.CompletedAt == nil {
		t.Errorf("%+v", s)
	}
	w.eventually("the database names its last backup", func() error {
		if last := get(w, "main", databaseNamed("main")).Status.LastBackup; last == nil || last.Name != "first" {
			return fmt.Errorf("%+v", last)
		}
		return nil
	})
	w.must(w.client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	w.gone(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "first"}})
	op.quiet()
	if w.exists(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "first"}}) {
		t.Error("a complete backup is made again")
	}
}

// TestABackupInABucketIsRecorded: there is no claim, pods are let out, and the record says where to look for the archive.
func TestABackupInABucketIsRecorded(t *testing.T) {
	w := vaultedIn(t, v1alpha1.BackupTarget{S3: &v1alpha1.S3Target{
		Bucket: "acme-backups", Endpoint: "https://s3.example.com", Credentials: v1alpha1.S3Credentials{SecretName: "acme-backup-target"},
	}})
	w.database("main", "")
	w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	get(w, "main-backup", &networkingv1.NetworkPolicy{})
	if w.exists(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: "main-backups"}}) {
		t.Error("a claim is made where a bucket keeps the backups")
	}
	backup := w.backup("first", "main")
	place := `"location":"s3://acme-backups/` + w.own + `/main","endpoint":"https://s3.example.com",`
	w.ended(w.job("first"), 0, strings.Replace(facts, `"engine"`, place+`"engine"`, 1))
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted)
	if s := backup.Status; s.Location != "s3://acme-backups/"+w.own+"/main" || s.Endpoint != "https://s3.example.com" {
		t.Errorf("%+v", s)
	}
}

func TestABackupThatFailsSaysWhy(t *testing.T) {
	w := vaulted(t)
	w.database("main", "")
	w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.workloadsStay.Store(true)
	backup := w.backup("first", "main")
	job := w.job("first")
	w.ended(job, 1, `{"reason":"TargetFull","message":"the place of the backups is full"}`)
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTargetFull)
	w.failed(w.job("first"))
	got := w.condition(backup, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTargetFull)
	if !strings.Contains(got.Message, "make another StackBackup") || backup.Status.Archive != "" {
		t.Errorf("%s, %+v", got.Message, backup.Status)
	}
	for name, reason := range map[string]string{"nobody": v1alpha1.ReasonDependencyNotFound, "bare": v1alpha1.ReasonNoBackupTarget} {
		if name == "bare" {
			class := &v1alpha1.StackClass{ObjectMeta: metav1.ObjectMeta{Name: w.foreign}, Spec: v1alpha1.StackClassSpec{Profile: v1alpha1.ProfileDevelopment}}
			w.must(w.client.Create(t.Context(), class))
			t.Cleanup(func() { _ = w.client.Delete(context.Background(), class) })
			w.apply("apiVersion: stackwright.dev/v1alpha1\nkind: StackDatabase\nmetadata: {name: bare}\nspec: {engine: PostgreSQL, stackClassName: FOREIGN}\n")
		}
		w.condition(w.backup("of-"+name, name), v1alpha1.ConditionReady, metav1.ConditionFalse, reason)
	}
}

// TestARestoreComesBeforeTheServer: no server runs until the data is there, and nothing is restored a second time.
func TestARestoreComesBeforeTheServer(t *testing.T) {
	w := vaulted(t)
	w.database("main", "")
	op := w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	w.database("next", "  bootstrap: {recovery: {backupRef: {name: first}}}\n")
	w.condition(databaseNamed("next"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
	backup := w.backup("first", "main")
	w.ended(w.job("first"), 0, facts)
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted)
	w.workloadsStay.Store(true)

	restore := w.restoreJob("next")
	set := &appsv1.StatefulSet{}
	w.eventually("the servers are described", func() error {
		return w.client.Get(t.Context(), client.ObjectKey{Namespace: w.own, Name: "next"}, set)
	})
	claim := get(w, "data-next-0", &corev1.PersistentVolumeClaim{})
	if *set.Spec.Replicas != 0 || len(claim.OwnerReferences) > 0 {
		t.Errorf("%d replicas, claim of %v", *set.Spec.Replicas, claim.OwnerReferences)
	}
	w.ended(restore, 3, `{"reason":"WrongKey","message":"the key is another one"}`)
	w.failed(restore)
	got := w.condition(databaseNamed("next"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonWrongKey)
	if !strings.Contains(got.Message, "delete the job") {
		t.Error(got.Message)
	}
	w.must(w.client.Delete(t.Context(), restore, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	w.workloadsStay.Store(false)
	w.condition(databaseNamed("next"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if a := w.anchorOf("next"); a.Recovery == nil || !a.Recovery.Done || a.Recovery.Source != "main" || a.Recovery.Archive != "20261123-120823-x7k2p" {
		t.Errorf("the anchor has %+v", a.Recovery)
	}
	if set := get(w, "next", &appsv1.StatefulSet{}); *set.Spec.Replicas != 1 {
		t.Errorf("%d replicas", *set.Spec.Replicas)
	}
	w.must(w.client.Delete(t.Context(), backup))
	op.quiet()
	w.condition(databaseNamed("next"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)

	// The data of an earlier database is not written over.
	w.must(w.client.Delete(t.Context(), get(w, "main", databaseNamed("main"))))
	w.gone(databaseIn(w, "main"))
	w.database("main", "  bootstrap: {recovery: {backupRef: {name: first}}}\n")
	w.condition(databaseNamed("main"), v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotEmpty)
}

func databaseIn(w *world, name string) *v1alpha1.StackDatabase {
	return &v1alpha1.StackDatabase{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: name}}
}

// restoreJob waits for the Job of a restore.
func (w *world) restoreJob(name string) *batchv1.Job {
	w.t.Helper()
	var found *batchv1.Job
	w.eventually("the restore of "+name+" is begun", func() error {
		list := &batchv1.JobList{}
		w.must(w.client.List(w.t.Context(), list, client.InNamespace(w.own), client.MatchingLabels{
			kit.LabelInstance: name, kit.LabelComponent: kit.RestoreRole,
		}))
		if len(list.Items) == 0 {
			return errors.New("no job")
		}
		found = &list.Items[0]
		return nil
	})
	return found
}

// TestARunOfTheScheduleIsRecorded: the operator makes the CronJob, and of each Job of it a StackBackup.
func TestARunOfTheScheduleIsRecorded(t *testing.T) {
	w := vaulted(t)
	w.database("main", "  backup: {schedule: \"0 2 * * *\", timeZone: Europe/Madrid, retention: {count: 3}}\n")
	w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	schedule := get(w, "main-backup", &batchv1.CronJob{})
	run := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.own, Name: "main-backup-29400120", Labels: schedule.Spec.JobTemplate.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(schedule, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: schedule.Spec.JobTemplate.Spec,
	}
	w.must(w.client.Create(t.Context(), run))
	w.ended(run, 0, facts)
	backup := &v1alpha1.StackBackup{ObjectMeta: metav1.ObjectMeta{Namespace: w.own, Name: run.Name}}
	w.condition(backup, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted)
	if backup.Labels[v1alpha1.LabelScheduled] != "true" || backup.Spec.Database.Name != "main" || backup.Status.Archive == "" {
		t.Errorf("%+v", backup)
	}
	edit(w, "main", databaseNamed("main"), func(d *v1alpha1.StackDatabase) { d.Spec.Suspend = kit.Ptr(true) })
	w.eventually("the schedule rests", func() error {
		if s := get(w, "main-backup", &batchv1.CronJob{}); !*s.Spec.Suspend {
			return errors.New("it runs")
		}
		return nil
	})
}

// TestATryOfARestoreIsTold: what became of it stands in the status, and does not take Ready away.
func TestATryOfARestoreIsTold(t *testing.T) {
	w := vaulted(t)
	w.database("main", "  backup: {schedule: \"@daily\", verify: {schedule: \"@weekly\"}}\n")
	w.start(settings{})
	w.condition(databaseNamed("main"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	schedule := get(w, "main-verify", &batchv1.CronJob{})
	try := func(name string) *batchv1.Job {
		job := &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: w.own, Name: name, Labels: schedule.Spec.JobTemplate.Labels,
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(schedule, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
			},
			Spec: schedule.Spec.JobTemplate.Spec,
		}
		w.must(w.client.Create(t.Context(), job))
		return job
	}
	w.ended(try("main-verify-1"), 0, `{"archive":"20261123-120823-x7k2p","version":"17","rows":5005}`)
	w.condition(databaseNamed("main"), v1alpha1.ConditionBackupsVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified)
	w.workloadsStay.Store(true)
	job := w.newer(func() *batchv1.Job { return try("main-verify-2") })
	w.ended(job, 3, `{"reason":"CorruptArchive","message":"file shop.dump is not what was written"}`)
	w.failed(job)
	w.condition(databaseNamed("main"), v1alpha1.ConditionBackupsVerified, metav1.ConditionFalse, v1alpha1.ReasonCorruptArchive)
	database := databaseNamed("main")
	w.condition(database, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if last := database.Status.LastVerifiedRestore; last == nil || last.Archive != "20261123-120823-x7k2p" {
		t.Errorf("%+v", last)
	}
}

// newer makes a Job in a later second than the one before: ages are told by the second.
func (w *world) newer(create func() *batchv1.Job) *batchv1.Job {
	w.t.Helper()
	now := metav1.Now().Unix()
	w.eventually("the next second begins", func() error {
		if metav1.Now().Unix() == now {
			return errors.New("not yet")
		}
		return nil
	})
	return create()
}
