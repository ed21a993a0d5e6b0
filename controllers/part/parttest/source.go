package parttest

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// Source draws values from the bytes that a fuzz test gets: the same bytes give the same values, and none give zeros.
type Source struct{ data []byte }

// NewSource returns a source that draws from the data.
func NewSource(data []byte) *Source { return &Source{data} }

// Int is a number from 0 to below n, which is at most 256.
func (s *Source) Int(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	result := int(s.data[0]) % n
	s.data = s.data[1:]
	return result
}

// Bool is true or false.
func (s *Source) Bool() bool { return s.Int(2) == 1 }

// Label is a DNS label of at most limit characters that begins with a letter.
func (s *Source) Label(limit int) string {
	const letters, inside = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789-"
	length := 1 + s.Int(limit)
	result := []byte{letters[s.Int(len(letters))]}
	for len(result) < length {
		result = append(result, inside[s.Int(len(inside))])
	}
	return strings.TrimRight(string(result), "-")
}

// hostile are texts that some syntax or other gives a meaning.
var hostile = []string{
	"", " ", "\n", "\r\n", "\x00", "'", `"`, `\`, "`", "$(id)", "${HOME}", ";", "#", "{", "}", "=", "%", "@", ":", "/", "?", "&", "..", "\u2028",
	"\u212a", "\xff", "on", "1", "0", "-1", "64MB", "infinity", "'; drop table x; --", "\"; } server { listen 1; } #", "a = 'b'\nc = 'd'",
}

// plausible are values that some setting takes.
var plausible = []string{
	"1", "4", "100", "1024", "4096", "1m", "64mb", "64MB", "512MiB", "5%", "yes", "no", "on", "true", "0.5", "1.25", "2", "30s", "infinity", "quorum",
	"ISO, MDY", "KEA", "%m [%p] ", `it's a \ "prefix" # of %u`, "always", "logical", "warning", `"$user", public`, "70000", "2000000",
}

// Text is a text of any kind: raw bytes, or hostile words.
func (s *Source) Text() string {
	if s.Bool() {
		return hostile[s.Int(len(hostile))] + hostile[s.Int(len(hostile))]
	}
	length := min(s.Int(40), len(s.data))
	result := string(s.data[:length])
	s.data = s.data[length:]
	return result
}

// Pick draws one of the values.
func Pick[T any](s *Source, values ...T) T { return values[s.Int(len(values))] }

// Quantity is an amount from a byte to more than anybody has.
func (s *Source) Quantity() resource.Quantity {
	return resource.MustParse(Pick(s, "512Mi", "1", "32Mi", "128Mi", "1Gi", "1500M", "64Gi", "2Ti", "9Pi", "7Ei"))
}

// Resources are those of a container; the limit may be missing.
func (s *Source) Resources() corev1.ResourceRequirements {
	result := corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(Pick(s, "250m", "1", "1m")), corev1.ResourceMemory: resource.MustParse("128Mi"),
	}}
	result.Limits = corev1.ResourceList{corev1.ResourceMemory: s.Quantity()}
	return result
}

// Service is a data service of an engine as the pipeline hands it to a room: names are legal, parameters are what a user may
// have written.
func (s *Source) Service(kind, engine, version string, parameters []string) *part.Service {
	service := &part.Service{
		Kind: kind, Engine: engine, Provider: string(v1alpha1.ProviderBuiltin), Namespace: s.Label(63), Name: s.Label(44),
		Image:     part.Image{Name: "docker.io/library/" + strings.ToLower(engine) + ":" + version, Version: version, RunAsUser: 999, RunAsGroup: 999},
		Resources: s.Resources(), Storage: part.Storage{Size: s.Quantity(), ClassName: Pick(s, "", "fast")}, ClusterDomain: "cluster.local",
		Production: s.Bool(), Suspended: s.Bool(), Durable: s.Bool(), Replicas: int32(s.Int(4)), Shards: 1 + int32(s.Int(4)), Nodes: 1 + 2*int32(s.Int(3)), //nolint:gosec // small
		TLS:         Pick(s, v1alpha1.TLSPreferred, v1alpha1.TLSRequired, v1alpha1.TLSDisabled),
		Eviction:    Pick(s, v1alpha1.EvictAllKeysLRU, v1alpha1.EvictNothing, v1alpha1.EvictVolatileTTL),
		RestartedAt: Pick(s, "", "2026-11-01T00:00:00Z"), Stack: Pick(s, "", "shop"), Parameters: s.Parameters(parameters),
	}
	service.Admin = &part.Credential{Version: 1, Secret: service.Name + "-admin-v1-bcdfg", Digest: digest}
	if service.TLS != v1alpha1.TLSDisabled {
		service.Certificate = &part.Credential{Version: 1, Secret: service.Name + "-tls-v1-bcdfg", CA: "authority\n"}
	}
	for range s.Int(4) {
		service.Consumers = append(service.Consumers, s.Consumer())
	}
	for range s.Int(3) {
		service.Departed = append(service.Departed, s.Consumer())
	}
	if s.Bool() {
		service.Vault = &part.Vault{
			Image: part.Image{Name: "docker.io/rclone/rclone:1", Version: "1", RunAsUser: 1, RunAsGroup: 1}, Storage: service.Storage,
			Login: &part.Credential{Version: 1, Secret: service.Name + "-backup-v1-bcdfg"},
		}
		if s.Bool() {
			service.Vault.Storage, service.Vault.Bucket = part.Storage{}, s.bucket()
		}
		if s.Bool() {
			service.Recovery = &part.Recovery{Source: s.Label(44), Archive: "20261123-120823-x7k2p"}
		}
	}
	service.Metrics = s.metrics()
	service.Extensions = Pick(s, nil, []string{"hstore"}, []string{"uuid-ossp", "pgaudit", "pg_stat_statements"})
	return service
}

// metrics are told to some, to nobody, or not at all.
func (s *Source) metrics() *part.Metrics {
	if !s.Bool() {
		return nil
	}
	result := &part.Metrics{Image: part.Image{Name: "docker.io/exporter:1", Version: "1", RunAsUser: 1, RunAsGroup: 1}}
	if s.Bool() {
		result.Readers = &v1alpha1.NamespaceGrant{From: Pick(s, v1alpha1.NamespacesAll, v1alpha1.NamespacesSame)}
	}
	return result
}

// bucket is one as the API lets it through.
func (s *Source) bucket() *part.Bucket {
	result := &part.Bucket{
		Name: s.Label(63), Prefix: Pick(s, "", "eu1", "clusters/eu1"), Region: "us-east-1", VirtualHost: s.Bool(), Authorities: Pick(s, "", "authority\n"),
		Endpoint: Pick(s, "", "https://s3.example.com", "https://s3.storage.svc:9000", "https://10.1.2.3", "https://a.b.c:1"),
	}
	if s.Bool() {
		result.CIDRs = []string{"10.0.0.0/8"}
	}
	if s.Bool() {
		result.Secret = s.Label(30) + "-backup-target"
	} else {
		result.ServiceAccount = s.Label(30) + "-backup-target"
	}
	return result
}

var digest = strings.Repeat("0", 64)

// Consumer is a stack that uses a service, before an engine named its login.
func (s *Source) Consumer() part.Consumer {
	c := part.Consumer{
		Namespace: s.Label(63), Stack: s.Label(30), Entry: s.Label(30), Private: s.Bool(), Database: Pick(s, "orders", "a", "events"),
		Access: Pick(s, v1alpha1.AccessOwner, v1alpha1.AccessReadWrite, v1alpha1.AccessReadOnly),
	}
	c.Credential = part.Credential{Version: 1 + s.Int(9), Secret: c.Stack + "-" + c.Entry + "-binding-v1-bcdfg", Digest: digest}
	c.Binding = c.Credential.Secret
	switch s.Int(4) {
	case 1: // its pods go from one login to the other
		c.Previous = &part.Credential{Version: c.Credential.Version + 1, Secret: c.Stack + "-" + c.Entry + "-binding-v2-bcdfg", Digest: digest}
	case 2: // they have gone
		c.Retired = true
	}
	return c
}

// Parameters are settings by names that an engine knows and others, with any values.
func (s *Source) Parameters(known []string) map[string]string {
	result := map[string]string{}
	for range s.Int(4) {
		name := s.Text()
		if len(known) > 0 && s.Int(4) > 0 {
			name = known[(s.Int(256)<<8|s.Int(256))%len(known)]
		}
		result[name] = Pick(s, s.Text(), plausible[s.Int(len(plausible))])
	}
	return result
}
