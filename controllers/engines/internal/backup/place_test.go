package backup

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/stackwright/stackwright/controllers/part"
)

// TestTheWayOut: pods of backups reach what the class names, or what the endpoint's host tells, and nothing else.
func TestTheWayOut(t *testing.T) {
	for what, c := range map[string]struct {
		bucket          part.Bucket
		cidr, namespace string
		port            int32
	}{
		"AWS":                    {part.Bucket{Region: "eu-west-1"}, "0.0.0.0/0", "", 443},
		"a public name":          {part.Bucket{Endpoint: "https://s3.example.com"}, "0.0.0.0/0", "", 443},
		"a public port":          {part.Bucket{Endpoint: "https://s3.example.com:9000"}, "0.0.0.0/0", "", 9000},
		"an address":             {part.Bucket{Endpoint: "https://10.1.2.3:9000"}, "10.1.2.3/32", "", 9000},
		"what the class names":   {part.Bucket{Endpoint: "https://s3.corp:9000", CIDRs: []string{"10.1.0.0/16"}}, "10.1.0.0/16", "", 9000},
		"a service":              {part.Bucket{Endpoint: "https://minio.storage.svc:9000"}, "", "storage", 0},
		"a service by all names": {part.Bucket{Endpoint: "https://minio.storage.svc.cluster.local"}, "", "storage", 0},
		"a service by the class": {part.Bucket{Endpoint: "https://minio.storage.svc", CIDRs: []string{"10.1.0.0/16"}}, "10.1.0.0/16", "", 443},
	} {
		t.Run(what, func(t *testing.T) {
			rule := toBucket(&c.bucket)
			var port int32
			if p := rule.Ports[0].Port; p != nil {
				port = p.IntVal
			}
			if len(rule.Ports) != 1 || port != c.port || *rule.Ports[0].Protocol != "TCP" {
				t.Errorf("ports %v", rule.Ports)
			}
			if got := peerOf(rule.To[0]); got != c.cidr+c.namespace {
				t.Errorf("to %s", got)
			}
		})
	}
}

func peerOf(peer networkingv1.NetworkPolicyPeer) string {
	if peer.IPBlock != nil {
		return peer.IPBlock.CIDR
	}
	return peer.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
}

// TestPodsMountNoClaimOfABucket: what is not there cannot be waited for.
func TestPodsMountNoClaimOfABucket(t *testing.T) {
	s := &part.Service{Namespace: "shop", Name: "main", Vault: &part.Vault{Bucket: &part.Bucket{Name: "b", Region: "a", ServiceAccount: "a-backup-target"}}}
	pod := dumpPod(s, "scripts", Step{})
	for _, volume := range pod.Volumes {
		if volume.PersistentVolumeClaim != nil || volume.Secret != nil {
			t.Errorf("volume %s", volume.Name)
		}
	}
	if pod.ServiceAccountName != "a-backup-target" || *pod.AutomountServiceAccountToken {
		t.Errorf("account %q, token %v", pod.ServiceAccountName, *pod.AutomountServiceAccountToken)
	}
	if place := Place(s); len(place.Retained) != 0 || len(place.Objects) != 1 {
		t.Errorf("%+v", place)
	}
	s.Vault.Bucket = nil
	if place := Place(s); len(place.Retained) != 1 || len(place.Objects) != 0 {
		t.Errorf("%+v", place)
	}
}
