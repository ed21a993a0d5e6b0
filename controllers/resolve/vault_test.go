package resolve_test

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// classWith is the default class with a bucket for backups.
func classWith(target v1alpha1.S3Target) *v1alpha1.StackClass {
	target.Bucket, target.Credentials.SecretName = "acme-backups", "acme-backup-target"
	return &v1alpha1.StackClass{
		ObjectMeta: metav1.ObjectMeta{Name: "platform", Annotations: map[string]string{v1alpha1.AnnotationDefaultClass: "true"}},
		Spec:       v1alpha1.StackClassSpec{BackupTarget: &v1alpha1.BackupTarget{S3: &target}},
	}
}

func certificate(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestBucket(t *testing.T) {
	authority := certificate(t)
	for what, c := range map[string]struct {
		target v1alpha1.S3Target
		want   part.Bucket
	}{
		"of AWS":            {v1alpha1.S3Target{Region: "eu-west-1"}, part.Bucket{Region: "eu-west-1", VirtualHost: true}},
		"of another server": {v1alpha1.S3Target{Endpoint: "https://s3"}, part.Bucket{Endpoint: "https://s3", Region: "us-east-1"}},
		"as a host of a server": {
			v1alpha1.S3Target{Endpoint: "https://s3", Addressing: v1alpha1.AddressingVirtualHost},
			part.Bucket{Endpoint: "https://s3", Region: "us-east-1", VirtualHost: true},
		},
		"in the path on AWS": {v1alpha1.S3Target{Region: "a", Addressing: v1alpha1.AddressingPath}, part.Bucket{Region: "a"}},
		"with all": {
			v1alpha1.S3Target{Region: "a", Prefix: "eu1", CABundle: authority + "\n" + authority, CIDRs: []v1alpha1.CIDR{"10.0.0.0/8"}},
			part.Bucket{Region: "a", VirtualHost: true, Prefix: "eu1", Authorities: authority + "\n" + authority, CIDRs: []string{"10.0.0.0/8"}},
		},
	} {
		t.Run(what, func(t *testing.T) {
			c.want.Name, c.want.Secret = "acme-backups", "acme-backup-target"
			d := database(t, "shop", "main", "{}")
			plan, err := cluster(d, classWith(c.target)).Service(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Service.Vault.Bucket; !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

func TestBundlesThatAreNoneAreRefused(t *testing.T) {
	authority := certificate(t)
	for what, bundle := range map[string]string{
		"words": "our authority", "words behind a certificate": authority + "our authority",
		"a certificate that is cut": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
	} {
		d := database(t, "shop", "main", "{}")
		_, err := cluster(d, classWith(v1alpha1.S3Target{Region: "a", CABundle: bundle})).Service(context.Background(), d)
		t.Run(what, func(t *testing.T) {
			fails(t, err, v1alpha1.ReasonInvalid, "spec.backupTarget.s3.caBundle", "platform team")
		})
	}
}

// TestABackupIsLookedForWhereItIs: a class with another bucket is told from an archive that is gone.
func TestABackupIsLookedForWhereItIs(t *testing.T) {
	backup := func(location string) *v1alpha1.StackBackup {
		return &v1alpha1.StackBackup{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "first"},
			Spec:       v1alpha1.StackBackupSpec{Database: v1alpha1.BackedUpDatabase{Name: "old"}},
			Status: v1alpha1.StackBackupStatus{
				Archive: "20261123-120823-x7k2p", Engine: "PostgreSQL", Location: location,
				Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}},
			},
		}
	}
	d := database(t, "shop", "main", `{bootstrap: {recovery: {backupRef: {name: first}}}}`)
	class := classWith(v1alpha1.S3Target{Region: "a", Prefix: "eu1"})
	for _, location := range []string{"", "s3://acme-backups/eu1/shop/old"} {
		plan, err := cluster(d, class, backup(location)).Service(context.Background(), d)
		if err != nil || plan.Recovery == nil || plan.Recovery.Source != "old" {
			t.Errorf("%q: %v, %+v", location, err, plan.Recovery)
		}
	}
	for _, location := range []string{"s3://acme-backups/eu2/shop/old", "volume://old-backups"} {
		_, err := cluster(d, class, backup(location)).Service(context.Background(), d)
		fails(t, err, v1alpha1.ReasonArchiveNotFound, location, "s3://acme-backups/eu1/shop/old", "spec.stackClassName")
	}
}
