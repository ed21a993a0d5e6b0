package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/hack/e2e/harness"
)

// objectStore is a server that is not ours, and keeps objects as files. Beside it runs a client that sees the files.
const objectStore = `apiVersion: v1
kind: Service
metadata: {name: s3}
spec: {selector: {app: s3}, ports: [{port: 7070}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: s3}
spec:
  selector: {matchLabels: {app: s3}}
  template:
    metadata: {labels: {app: s3}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: client
        image: stackwright.test/rclone:1.71
        command: [sh, -c, "mkdir -p /objects/acme-backups && exec sleep infinity"]
        securityContext: &security {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: objects, mountPath: /objects}]
      - name: server
        image: stackwright.test/versitygw:1.8
        args: [--port, ":7070", --cert, /tls/tls.crt, --key, /tls/tls.key, posix, /objects]
        env: [{name: ROOT_ACCESS_KEY, value: backups}, {name: ROOT_SECRET_KEY, value: the secret of backups}]
        readinessProbe: {tcpSocket: {port: 7070}, periodSeconds: 1}
        securityContext: *security
        volumeMounts: [{name: objects, mountPath: /objects}, {name: tls, mountPath: /tls}]
      volumes:
      - {name: objects, emptyDir: {}}
      - {name: tls, secret: {secretName: s3-tls}}
`

// bucketRoom is a namespace with an object store and a class that keeps backups in it.
type bucketRoom struct {
	backupRoom
	authority string
}

func newBucketRoom(t *testing.T) bucketRoom {
	t.Helper()
	n := bucketRoom{backupRoom: backupRoom{suite.Namespace(t)}}
	certificate, key := signed(t, "s3."+n.Name+".svc")
	n.authority = certificate
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.Name, Name: "s3-tls"}, Type: corev1.SecretTypeTLS,
		StringData: map[string]string{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key},
	}
	if err := n.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	n.Apply(objectStore)
	n.class(t, "acme-backups", 7070, n.authority)
	n.Run("rollout", "status", "deployment/s3", "--timeout=5m")
	return n
}

// class says of the bucket what may be wrong.
func (n bucketRoom) class(t *testing.T, bucket string, port int, authority string) {
	t.Helper()
	n.classWith(t, fmt.Sprintf(`{s3: {bucket: %s, prefix: clusters/e2e, endpoint: "https://s3.%s.svc:%d", caBundle: %q, credentials: {secretName: acme-backup-target}}}`,
		bucket, n.Name, port, authority))
}

// access makes the Secret that lets pods in.
func (n bucketRoom) access(id, secret string) {
	n.Run("delete", "secret/acme-backup-target", "--ignore-not-found")
	n.Run("create", "secret", "generic", "acme-backup-target", "--from-literal=AWS_ACCESS_KEY_ID="+id, "--from-literal=AWS_SECRET_ACCESS_KEY="+secret)
}

// stored are the archives of the database in the bucket.
func (n bucketRoom) stored(t *testing.T) []string {
	t.Helper()
	output, err := n.Exec("deployment/s3", "cd /objects/acme-backups/clusters/e2e/"+n.Name+"/shop-main && ls -d 2*")
	if err != nil {
		return nil
	}
	return strings.Fields(output)
}

func (n bucketRoom) shop(t *testing.T, more string) {
	t.Helper()
	n.Apply(stack("shop", "  stackClassName: "+n.Name+"\n"+`  databases:
  - name: main
    engine: PostgreSQL
    size: Nano
    storage: {size: 1Gi}
`+more+"  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("shop", later)
}

// signed is a certificate for a host, which is its own authority, with its key.
func signed(t *testing.T, host string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, content []byte) string {
		var buffer bytes.Buffer
		if err := pem.Encode(&buffer, &pem.Block{Type: kind, Bytes: content}); err != nil {
			t.Fatal(err)
		}
		return buffer.String()
	}
	return block("CERTIFICATE", content), block("EC PRIVATE KEY", encoded)
}

// A backup goes to a bucket of an object store with TLS, encrypted, and comes back row by row after everything was deleted. What is
// wrong with the bucket is said, each with a reason of its own, and takes no archive away.
func TestBackupInABucket(t *testing.T) {
	t.Parallel()
	n := newBucketRoom(t)
	n.shop(t, "")
	const web, again = "deployment/shop-web", "deployment/again-web"
	rows{n.Namespace, t}.write(web, "first")
	n.Apply(backupOf("before", "shop-main"))
	condition := n.Await(&v1alpha1.StackBackup{}, "before", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonConfigMissing, later)
	if t.Log(condition.Message); !strings.Contains(condition.Message, "acme-backup-target") {
		t.Error("the message does not name the Secret")
	}
	n.Run("delete", "job/before", "--wait") // it is made again: the backup has not ended
	n.access("backups", "the secret of backups")
	backup := &v1alpha1.StackBackup{}
	n.Await(backup, "before", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompleted, later)
	if s := backup.Status; s.Location != "s3://acme-backups/clusters/e2e/"+n.Name+"/shop-main" || s.Rows == nil || *s.Rows != 1 {
		t.Errorf("%+v", s)
	}
	if found := n.MustExec("deployment/s3", "grep -rl first /objects || true"); found != "" {
		t.Errorf("rows can be read in %s", found)
	}
	n.fails(t, "another-key", v1alpha1.ReasonTargetDenied, func() { n.access("somebody", "the secret of backups") })
	n.access("backups", "the secret of backups")
	n.fails(t, "no-bucket", v1alpha1.ReasonTargetNotFound, func() { n.class(t, "acme-nothing", 7070, n.authority) })
	other, _ := signed(t, "elsewhere")
	n.fails(t, "untrusted", v1alpha1.ReasonTargetUntrusted, func() { n.class(t, "acme-backups", 7070, other) })
	n.fails(t, "away", v1alpha1.ReasonTargetUnreachable, func() { n.class(t, "acme-backups", 7071, n.authority) })
	n.class(t, "acme-backups", 7070, n.authority)
	if stored := n.stored(t); len(stored) != 1 || stored[0] != backup.Status.Archive {
		t.Errorf("there are %q", stored)
	}

	n.Run("delete", "backendstack/shop", "stackdatabase/shop-main", "--wait")
	n.Run("delete", "persistentvolumeclaim/data-shop-main-0", "configmap/shop-main-database-anchor", "--wait=false")
	n.Apply(restoreOf("restored", n.Name, "before"))
	n.Apply(stack("again", "  databases: [{name: main, ref: {name: restored, database: shop}, access: Owner}]\n  components:\n  - {name: web, "+idle+"}\n"))
	n.Ready("again", later)
	rows{n.Namespace, t}.want(again, "first")
	rows{n.Namespace, t}.write(again, "second")
}

// fails makes a backup with what was spoiled: it ends with a reason.
func (n bucketRoom) fails(t *testing.T, name, reason string, spoil func()) {
	t.Helper()
	spoil()
	class := &v1alpha1.StackClass{}
	if err := n.Client.Get(t.Context(), client.ObjectKey{Name: n.Name}, class); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, later, "the database knows the class", func() (bool, string) {
		database := &v1alpha1.StackDatabase{}
		if err := n.Get(database, "shop-main"); err != nil || database.Status.StackClass == nil {
			return false, fmt.Sprint(err)
		}
		seen := database.Status.StackClass.Generation
		return seen == class.Generation, fmt.Sprintf("generation %d of %d", seen, class.Generation)
	})
	n.Apply(backupOf(name, "shop-main"))
	begin := time.Now()
	condition := n.Await(&v1alpha1.StackBackup{}, name, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, 2*later)
	t.Logf("%s, after %s: %s", name, time.Since(begin).Round(time.Second), condition.Message)
}

// By the clock a backup is made in the bucket, recorded, and restored for a try; no more archives are kept than were asked for.
func TestScheduledBackupInABucket(t *testing.T) {
	t.Parallel()
	n := newBucketRoom(t)
	n.access("backups", "the secret of backups")
	n.shop(t, "    backup: {schedule: \"* * * * *\", retention: {count: 1}, verify: {schedule: \"* * * * *\"}}\n")
	rows{n.Namespace, t}.write("deployment/shop-web", "first")
	n.Await(&v1alpha1.StackDatabase{}, "shop-main", v1alpha1.ConditionBackupsVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified, 2*later)
	harness.Eventually(t, 2*later, "two backups are recorded, and one is kept", func() (bool, string) {
		list := &v1alpha1.StackBackupList{}
		if err := n.Client.List(t.Context(), list, client.InNamespace(n.Name), client.MatchingLabels{v1alpha1.LabelScheduled: "true"}); err != nil {
			return false, err.Error()
		}
		complete := 0
		for i := range list.Items {
			if list.Items[i].Status.Archive != "" {
				complete++
			}
		}
		stored := n.stored(t)
		return complete >= 2 && len(stored) <= 2, fmt.Sprintf("%d complete, there are %q", complete, stored)
	})
}
