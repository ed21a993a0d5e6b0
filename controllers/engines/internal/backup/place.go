package backup

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	vaultPath  = "/stackwright/vault"
	accessPath = "/stackwright/access"
)

// keys of the Secret that lets pods into a bucket.
var accessKeys = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}

// Place is what has to be there before the first pod of a backup or restore: a claim, which has no owner, or a way out to the bucket.
func Place(s *part.Service) part.Output {
	if s.Vault.Bucket != nil {
		return part.Output{Objects: []part.Object{policy(s)}}
	}
	return part.Output{Retained: []part.Object{&corev1.PersistentVolumeClaim{
		ObjectMeta: kit.ServiceIdentity(s, kit.BackupRole).Lasting().Meta(s.Namespace, kit.BackupClaim(s.Name)),
		Spec:       kit.ClaimSpec(s.Vault.Storage, corev1.ReadWriteOnce),
	}}}
}

// place is how a pod gets at the archives of a service.
type place struct {
	// target is what rclone calls it.
	target  string
	env     []corev1.EnvVar
	volumes []corev1.Volume
}

func placeOf(s *part.Service, source string) place {
	if s.Vault.Bucket != nil {
		return bucketPlace(s, source)
	}
	return place{target: vaultPath, volumes: []corev1.Volume{claimVolume("vault", kit.BackupClaim(source), false)}}
}

// mounts are those of the volumes; a bucket knows no readOnly.
func (p place) mounts(readOnly bool) []corev1.VolumeMount {
	var result []corev1.VolumeMount
	for _, volume := range p.volumes {
		if volume.Secret != nil {
			result = append(result, corev1.VolumeMount{Name: volume.Name, MountPath: accessPath, ReadOnly: true})
		} else {
			result = append(result, corev1.VolumeMount{Name: volume.Name, MountPath: vaultPath, ReadOnly: readOnly})
		}
	}
	return result
}

// bucketPlace is a folder in a bucket. A Secret is mounted, not put into variables: a pod without it does not begin, and says so,
// before the engine makes an archive in vain.
func bucketPlace(s *part.Service, source string) place {
	b := s.Vault.Bucket
	result := place{target: "bucket:" + strings.TrimPrefix(kit.BackupLocation(s.Vault, s.Namespace, source), "s3://"), env: rcloneEnv(b)}
	if b.Authorities != "" {
		result.env = append(result.env, corev1.EnvVar{Name: "RCLONE_CA_CERT", Value: ScriptsPath + "/" + authorities})
	}
	if b.Secret != "" {
		volume := kit.SecretVolume("access", b.Secret)
		for _, key := range accessKeys {
			volume.Secret.Items = append(volume.Secret.Items, corev1.KeyToPath{Key: key, Path: key})
		}
		result.volumes = []corev1.Volume{volume}
		result.env = append(result.env, corev1.EnvVar{Name: "ACCESS", Value: accessPath}, corev1.EnvVar{Name: "ACCESS_SECRET", Value: b.Secret})
	}
	return result
}

// rcloneEnv declares the remote "bucket". It is never created, and takes little memory: parts of 16 MiB, of which an archive may have
// 10,000 before they grow.
func rcloneEnv(b *part.Bucket) []corev1.EnvVar {
	provider := "AWS"
	if b.Endpoint != "" {
		provider = "Other"
	}
	var result []corev1.EnvVar
	for _, setting := range [][2]string{
		{"TYPE", "s3"}, {"PROVIDER", provider}, {"ENDPOINT", b.Endpoint}, {"REGION", b.Region},
		{"FORCE_PATH_STYLE", strconv.FormatBool(!b.VirtualHost)}, {"ENV_AUTH", "true"}, {"NO_CHECK_BUCKET", "true"},
		{"CHUNK_SIZE", "16Mi"}, {"UPLOAD_CONCURRENCY", "2"},
	} {
		result = append(result, corev1.EnvVar{Name: "RCLONE_CONFIG_BUCKET_" + setting[0], Value: setting[1]})
	}
	return append(result, corev1.EnvVar{Name: "BUCKET", Value: b.Name}, corev1.EnvVar{Name: "ENDPOINT", Value: b.Endpoint})
}

// policy lets the pods of backups out to the bucket. All else that they need is open to every pod of the service.
func policy(s *part.Service) *networkingv1.NetworkPolicy {
	identity := kit.ServiceIdentity(s, kit.BackupRole)
	pods := metav1.LabelSelector{
		MatchLabels: kit.ServiceSelector(s.Engine, s.Name),
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: kit.LabelComponent, Operator: metav1.LabelSelectorOpIn, Values: []string{kit.BackupRole, kit.RestoreRole, kit.VerifyRole},
		}},
	}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: identity.Meta(s.Namespace, kit.Child(s.Name, kit.BackupRole)),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: pods,
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress:      []networkingv1.NetworkPolicyEgressRule{toBucket(s.Vault.Bucket)},
		},
	}
}

// toBucket opens what the class names, else what the endpoint's host tells: an address is itself, a service of the cluster stands for
// pods, whose ports nobody knows, and any other name may be every public address.
func toBucket(b *part.Bucket) networkingv1.NetworkPolicyEgressRule {
	host, port := endpointOf(b.Endpoint)
	labels := strings.Split(host, ".")
	address, err := netip.ParseAddr(host)
	switch {
	case len(b.CIDRs) > 0:
		return kit.ToAddresses(b.CIDRs, kit.TCP(port))
	case err == nil:
		return kit.ToAddresses([]string{netip.PrefixFrom(address, address.BitLen()).String()}, kit.TCP(port))
	case len(labels) >= 3 && labels[2] == "svc":
		return kit.To(part.Peer{Namespace: labels[1], Ports: kit.TCP(0)})
	}
	return kit.ToAddresses(nil, kit.TCP(port))
}

// endpointOf is the host and port of an endpoint, which the API has checked.
func endpointOf(endpoint string) (string, int32) {
	const standard = 443
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return "", standard
	}
	port, err := strconv.ParseInt(parsed.Port(), 10, 32)
	if err != nil {
		port = standard
	}
	return parsed.Hostname(), int32(port)
}
