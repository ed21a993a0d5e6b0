package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// mysqlRestoreOf is a new MySQL of a backup.
func mysqlRestoreOf(name, class, backup string) string {
	return strings.NewReplacer("PostgreSQL", "MySQL", "Nano", "Micro").Replace(restoreOf(name, class, backup))
}

// A backup of MySQL is restored into a new database with exactly its rows and with what runs in it, after everything was deleted; an
// archive that was changed, and one of another engine, are refused with words.
func TestMySQLBackupAndRestore(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	n.Apply(stack("shop", "  stackClassName: "+class+"\n  databases:\n  - {name: main, engine: MySQL, size: Micro, storage: {size: 1Gi}}\n"+
		"  components:\n  - {name: web, "+mysqlPod+"}\n"))
	n.Ready("shop", later)
	const web, again = "deployment/shop-web", "deployment/again-web"
	notes{n.Namespace, t}.write(web, "first")
	notes{n.Namespace, t}.write(web, "second")
	n.MustExec(web, mysql("main", "create table log (n int); create trigger t after insert on notes for each row insert into log values (1); "+
		"create procedure who() select current_user()"))
	n.Apply(backupOf("before", "shop-main"))
	n.Await(&v1alpha1.StackBackup{}, "before", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	backup := &v1alpha1.StackBackup{}
	if err := n.Get(backup, "before"); err != nil || backup.Status.Rows == nil || *backup.Status.Rows != 2 || backup.Status.Version != "9.7" {
		t.Errorf("%v, %+v", err, backup.Status)
	}
	notes{n.Namespace, t}.write(web, "third")
	n.Run("delete", "backendstack/shop", "stackdatabase/shop-main", "--wait")
	n.Run("delete", "persistentvolumeclaim/data-shop-main-0", "configmap/shop-main-database-anchor", "--wait=false")

	n.Apply(mysqlRestoreOf("restored", class, "before"))
	n.Apply(stack("again", "  databases: [{name: main, ref: {name: restored, database: shop}, access: Owner}]\n  components:\n  - {name: web, "+mysqlPod+"}\n"))
	n.Ready("again", later)
	notes{n.Namespace, t}.want(again, "first", "second")
	notes{n.Namespace, t}.write(again, "fourth")
	got := n.MustExec(again, mysql("main", "select count(*) from log; call who()"))
	if count, definer, _ := strings.Cut(got, "\n"); count != "1" || !strings.HasPrefix(definer, "stackwright_") || strings.Contains(definer, "admin") {
		t.Errorf("the trigger and the procedure say %q", got)
	}

	dump := filepath.Join(n.archive(t, backup), "shop.sql.gz.bin")
	changed, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	changed[len(changed)/2] ^= 1
	put(t, dump, changed)
	n.Apply(mysqlRestoreOf("changed", class, "before"))
	n.Apply(restoreOf("foreign", class, "before"))
	for name, reason := range map[string]string{"changed": v1alpha1.ReasonCorruptArchive, "foreign": v1alpha1.ReasonForeignArchive} {
		condition := n.Await(&v1alpha1.StackDatabase{}, name, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, later)
		t.Logf("%s: %s", name, condition.Message)
		if pods := n.Pods(map[string]string{"app.kubernetes.io/instance": name, "app.kubernetes.io/component": "primary"}); len(pods) > 0 {
			t.Errorf("%s: a server was made: %v", name, pods)
		}
	}
}

// By the clock a backup of MySQL is made and restored for a try.
func TestScheduledMySQLBackup(t *testing.T) {
	t.Parallel()
	n := backupRoom{suite.Namespace(t)}
	class := backupClass(t, n)
	n.Apply(stack("shop", "  stackClassName: "+class+"\n"+`  databases:
  - name: main
    engine: MySQL
    size: Micro
    storage: {size: 1Gi}
    backup: {schedule: "* * * * *", retention: {count: 1}, verify: {schedule: "* * * * *"}}
  components:
  - {name: web, `+mysqlPod+`}
`))
	n.Ready("shop", later)
	notes{n.Namespace, t}.write("deployment/shop-web", "first")
	database := &v1alpha1.StackDatabase{}
	n.Await(database, "shop-main", v1alpha1.ConditionBackupsVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified, later)
	if s := database.Status; s.LastBackup == nil || s.LastVerifiedRestore == nil {
		t.Fatalf("%+v", s)
	}
}
