package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// backupRoom is a namespace with a class that keeps backups.
type backupRoom struct{ *harness.Namespace }

// backupClass is the class local with a place for backups, under another name.
func backupClass(t *testing.T, n backupRoom) string {
	t.Helper()
	n.classWith(t, "{volume: {size: 2Gi}}")
	return n.Name
}

// classWith applies the class of the room, which is called like it, with a place for backups.
func (n backupRoom) classWith(t *testing.T, target string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(n.Root, "hack/images/catalog.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	class := strings.NewReplacer("name: local", "name: "+n.Name, `stackwright.dev/is-default-class: "true"`, `about: "backups"`).Replace(string(content))
	n.Apply(class + "  backupTarget: " + target + "\n")
	n.DeleteAtEnd("stackclass/" + n.Name)
}

func backupOf(name, database string) string {
	return fmt.Sprintf("apiVersion: stackwright.dev/v1alpha1\nkind: StackBackup\nmetadata: {name: %s}\nspec: {database: {name: %s}}\n", name, database)
}

func restoreOf(name, class, backup string) string {
	return fmt.Sprintf(`apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: %s}
spec:
  engine: PostgreSQL
  size: Nano
  storage: {size: 1Gi}
  stackClassName: %s
  bootstrap: {recovery: {backupRef: {name: %s}}}
  allowedConsumers: [{namespaces: {from: Same}, databases: ["*"], maxAccess: Owner}]
`, name, class, backup)
}

// A backup is restored into a new database with exactly its rows, after everything was deleted; an archive that was changed and a
// key that is another one are refused with words.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	n.Apply(stack("shop", "  stackClassName: "+class+"\n"+shopDatabase[1:]+"\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("shop", later)
	const web, again = "deployment/shop-web", "deployment/again-web"
	rows{n.Namespace, t}.write(web, "first")
	rows{n.Namespace, t}.write(web, "second")
	n.Apply(backupOf("before", "shop-main"))
	n.Await(&v1alpha1.StackBackup{}, "before", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	backup := &v1alpha1.StackBackup{}
	if err := n.Get(backup, "before"); err != nil || backup.Status.Rows == nil || *backup.Status.Rows != 2 || backup.Status.Version != "17" {
		t.Errorf("%v, %+v", err, backup.Status)
	}
	rows{n.Namespace, t}.write(web, "third")
	n.Run("delete", "backendstack/shop", "stackdatabase/shop-main", "--wait")
	n.Run("delete", "persistentvolumeclaim/data-shop-main-0", "configmap/shop-main-database-anchor", "--wait=false")

	n.Apply(restoreOf("restored", class, "before"))
	n.Apply(stack("again", "  databases: [{name: main, ref: {name: restored, database: shop}, access: Owner}]\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("again", later)
	rows{n.Namespace, t}.want(again, "first", "second")
	rows{n.Namespace, t}.write(again, "fourth")

	stored := n.archive(t, backup)
	dump := filepath.Join(stored, "shop.dump.bin")
	whole, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte{}, whole...)
	changed[len(changed)/2] ^= 1
	n.refused(t, "changed", class, v1alpha1.ReasonCorruptArchive, func() { put(t, dump, changed) })
	put(t, dump, whole)
	n.refused(t, "locked", class, v1alpha1.ReasonWrongKey, func() {
		n.Run("delete", "secret/shop-main-backup-key")
		n.Run("create", "secret", "generic", "shop-main-backup-key", "--from-literal=passphrase=another key of enough size")
	})
}

// refused restores what was spoiled: it ends Stalled with a reason, and no server was made.
func (n backupRoom) refused(t *testing.T, name, class, reason string, spoil func()) {
	t.Helper()
	spoil()
	n.Apply(restoreOf(name, class, "before"))
	condition := n.Await(&v1alpha1.StackDatabase{}, name, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, later)
	t.Logf("%s: %s", name, condition.Message)
	if pods := n.Pods(map[string]string{"app.kubernetes.io/instance": name, "app.kubernetes.io/component": "primary"}); len(pods) > 0 {
		t.Errorf("%s: a server was made: %v", name, pods)
	}
}

// archive is the folder of a backup on the node.
func (n backupRoom) archive(t *testing.T, backup *v1alpha1.StackBackup) string {
	t.Helper()
	claim, volume := &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolume{}
	if err := n.Get(claim, backup.Spec.Database.Name+"-backups"); err != nil {
		t.Fatal(err)
	}
	if err := n.Client.Get(t.Context(), client.ObjectKey{Name: claim.Spec.VolumeName}, volume); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(volume.Spec.Local.Path, backup.Status.Archive)
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// On a disk that is full a backup fails with words, and those before are there still.
func TestBackupOnAFullVolume(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	n.Apply(stack("shop", "  stackClassName: "+class+"\n"+shopDatabase[1:]+"\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("shop", later)
	const web = "deployment/shop-web"
	rows{n.Namespace, t}.write(web, "first")
	n.Apply(backupOf("before", "shop-main"))
	n.Await(&v1alpha1.StackBackup{}, "before", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	backup := &v1alpha1.StackBackup{}
	if err := n.Get(backup, "before"); err != nil {
		t.Fatal(err)
	}
	volume := filepath.Dir(n.archive(t, backup))
	smallDisk(t, volume, "2m")
	n.MustExec(web, `psql "$DATABASE_URL" -qv ON_ERROR_STOP=1 -c "create table noise as select md5(random()::text) from generate_series(1, 200000)"`)
	n.Apply(backupOf("after", "shop-main"))
	condition := n.Await(&v1alpha1.StackBackup{}, "after", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTargetFull, 2*later)
	t.Log(condition.Message)
	archives, err := filepath.Glob(filepath.Join(volume, "2*"))
	if err != nil || len(archives) != 1 || filepath.Base(archives[0]) != backup.Status.Archive {
		t.Errorf("%v, there are %q", err, archives)
	}
	n.Apply(restoreOf("restored", class, "before"))
	n.Apply(stack("again", "  databases: [{name: main, ref: {name: restored, database: shop}, access: Owner}]\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("again", later)
	rows{n.Namespace, t}.want("deployment/again-web", "first")
}

// smallDisk puts a small disk with what a folder holds in the place of the folder.
func smallDisk(t *testing.T, folder, size string) {
	t.Helper()
	held := folder + ".held"
	if err := os.CopyFS(held, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%s,mode=%o", size, info.Mode().Perm())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Unmount(folder, syscall.MNT_DETACH)
		_ = os.RemoveAll(held)
	})
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, os.DirFS(held)); err != nil {
		t.Fatal(err)
	}
}

// By the clock a backup is made, recorded, and restored for a try; no more archives are kept than were asked for.
func TestScheduledBackup(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	n.Run("create", "cronjob", "shop-main-backup", "--image=stackwright.test/nodejs:20", "--schedule=0 0 1 1 *", "--", "true")
	n.Apply(stack("shop", "  stackClassName: "+class+"\n"+`  databases:
  - name: main
    engine: PostgreSQL
    size: Nano
    storage: {size: 1Gi}
    backup: {schedule: "* * * * *", retention: {count: 1}, verify: {schedule: "* * * * *"}}
  components:
  - {name: web, `+idle+`}
`))
	n.Await(&v1alpha1.StackDatabase{}, "shop-main", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict, later)
	n.Run("delete", "cronjob/shop-main-backup") // somebody else's, which was not touched
	n.Ready("shop", later)
	rows{n.Namespace, t}.write("deployment/shop-web", "first")
	database := &v1alpha1.StackDatabase{}
	n.Await(database, "shop-main", v1alpha1.ConditionBackupsVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified, later)
	if s := database.Status; s.LastBackup == nil || s.LastVerifiedRestore == nil {
		t.Fatalf("%+v", s)
	}
	var archives []string
	harness.Eventually(t, later, "two backups are recorded, and one is kept", func() (bool, string) {
		list := &v1alpha1.StackBackupList{}
		if err := n.Client.List(t.Context(), list, client.InNamespace(n.Name), client.MatchingLabels{v1alpha1.LabelScheduled: "true"}); err != nil {
			return false, err.Error()
		}
		complete := 0
		for i := range list.Items {
			if s := list.Items[i].Status; s.Archive != "" {
				complete++
				archives, _ = filepath.Glob(filepath.Join(n.archive(t, &list.Items[i]), "../*"))
			}
		}
		return complete >= 2 && len(archives) <= 2, fmt.Sprintf("%d complete, there are %q", complete, archives)
	})
	n.scheduleFollows(t)
}

// scheduleFollows changes the schedule, and takes it back.
func (n backupRoom) scheduleFollows(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ patch, want string }{
		{`{"name":"main","engine":"PostgreSQL","size":"Nano","storage":{"size":"1Gi"},"backup":{"schedule":"0 3 * * *"}}`, "0 3 * * *"},
		{`{"name":"main","engine":"PostgreSQL","size":"Nano","storage":{"size":"1Gi"}}`, ""},
	} {
		n.Patch("backendstack/shop", `{"spec":{"databases":[`+c.patch+`]}}`)
		harness.Eventually(t, soon, "backups are made as the spec says now", func() (bool, string) {
			list := &batchv1.CronJobList{}
			if err := n.Client.List(t.Context(), list, client.InNamespace(n.Name)); err != nil {
				return false, err.Error()
			}
			got := ""
			for i := range list.Items {
				got += list.Items[i].Spec.Schedule
			}
			return got == c.want, fmt.Sprintf("%q instead of %q", got, c.want)
		})
	}
}
