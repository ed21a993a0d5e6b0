package mongodb

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

func quantity(bytes int64) *resource.Quantity { return resource.NewQuantity(bytes, resource.BinarySI) }

func TestParameter(t *testing.T) {
	for _, c := range []struct{ name, value, problem string }{
		{"operationProfiling.slowOpThresholdMs", "200", ""},
		{"operationProfiling.slowOpThresholdMs", "0200", "a whole number"},
		{"operationProfiling.slowOpThresholdMs", "-1", "a whole number"},
		{"operationProfiling.slowOpSampleRate", "0.5", ""},
		{"operationProfiling.slowOpSampleRate", "1.5", "from 0 to 1"},
		{"operationProfiling.slowOpSampleRate", "1e-1", "from 0 to 1"},
		{"operationProfiling.mode", "off", ""},
		{"operationProfiling.mode", "some", "one of off, slowOp, all"},
		{"setParameter.ttlMonitorEnabled", "true", ""},
		{"setParameter.ttlMonitorEnabled", "yes", "one of true, false"},
		{"storage.wiredTiger.collectionConfig.blockCompressor", "zstd", ""},
		{"storage.wiredTiger.engineConfig.cacheSizeGB", "0.3", ""},
		{"storage.wiredTiger.engineConfig.cacheSizeGB", "0.1", "the least that the server takes"},
		{"storage.wiredTiger.engineConfig.cacheSizeGB", "0.31", "60 % of the container's memory"},
		{"storage.oplogMinRetentionHours", "24.5", ""},
		{"replication.oplogSizeMB", "2000", "cannot be set"},
		{"security.authorization", "disabled", "cannot be set"},
		{"storage.dbPath", "/tmp", "cannot be set"},
		{"setParameter.enableTestCommands", "true", "cannot be set"},
	} {
		s := small()
		s.Parameters = map[string]string{c.name: c.value}
		err := checkParameters(s)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s=%q: %v; want %q", c.name, c.value, err, c.problem)
		}
	}
}

// TestConfiguration: the file reads back as the options that were meant, each at its level.
func TestConfiguration(t *testing.T) {
	s := small()
	s.TLS = v1alpha1.TLSPreferred
	s.Parameters = map[string]string{"operationProfiling.mode": "off", "setParameter.notablescan": "true", connectionsOption: "321"}
	var read map[string]any
	if err := yaml.UnmarshalStrict([]byte(configuration(s)), &read); err != nil {
		t.Fatalf("%v in\n%s", err, configuration(s))
	}
	for name, want := range map[string]any{
		"net.tls.mode": "preferTLS", "net.port": 27017.0, "net.maxIncomingConnections": 321.0, "operationProfiling.mode": "off",
		"setParameter.notablescan": true, "storage.wiredTiger.engineConfig.cacheSizeGB": 0.25, "security.keyFile": "/run/mongodb/keyfile",
		"net.unixDomainSocket.enabled": false, "replication.replSetName": "rs0",
	} {
		if got := within(read, strings.Split(name, ".")); got != want {
			t.Errorf("%s reads as %v (%T), not %v", name, got, got, want)
		}
	}
}

// within is the value at the end of a path.
func within(value any, path []string) any {
	for _, name := range path {
		level, _ := value.(map[string]any)
		value = level[name]
	}
	return value
}

func TestCacheSize(t *testing.T) {
	for _, c := range []struct{ memory, cache string }{
		{"512Mi", "256Mi"}, {"1Gi", "256Mi"}, {"1536Mi", "256Mi"}, {"2Gi", "512Mi"}, {"4Gi", "1536Mi"}, {"16Gi", "7680Mi"},
	} {
		memory, cache := resource.MustParse(c.memory), resource.MustParse(c.cache)
		if got := cacheSize(memory.Value()); got != cache.Value() {
			t.Errorf("%s of memory: a cache of %s, want %s", c.memory, quantity(got), c.cache)
		}
	}
	s := &part.Service{}
	if memory(s) != smallestMemory || room(s) != 142 {
		t.Errorf("without a limit: %d bytes, room for %d", memory(s), room(s))
	}
}
