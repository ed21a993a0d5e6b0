package rabbitmq

import (
	_ "embed"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	settingsFile = "10-stackwright.conf"
	pluginsFile  = "enabled_plugins"
	// discoveryFile names the backend of the peer discovery, for the start script.
	discoveryFile = "peer_discovery"
	startScript   = "start.sh"
	readyScript   = "ready.sh"
	stopScript    = "stop.sh"
	usersScript   = "users.sh"

	// parameterQueueType is also set on each virtual host.
	parameterQueueType = "default_queue_type"
	quorumType         = "quorum"

	// diskFloor and diskCeiling bound the space that has to stay free before publishers are held up.
	diskFloor   = 50 << 20
	diskCeiling = 2 << 30
)

var (
	//go:embed scripts/start.sh
	startText string
	//go:embed scripts/ready.sh
	readyText string
	//go:embed scripts/stop.sh
	stopText string
	//go:embed scripts/users.sh
	usersText string
)

// config is what the servers read, under a name that carries its hash. The number of nodes is not in it: a bigger cluster
// restarts nobody.
func config(s *part.Service) (*corev1.ConfigMap, error) {
	backend, plugins, err := peerDiscovery(s)
	if err != nil {
		return nil, err
	}
	if err := checkParameters(s.Parameters); err != nil {
		return nil, err
	}
	lines := settings{}
	lines.addListeners(s)
	lines.addLimits(s)
	lines.addQueues()
	lines.override(s.Parameters)
	return kit.Config(shared(s), s.Namespace, kit.Child(s.Name, "config"), map[string]string{
		settingsFile:  lines.text(),
		pluginsFile:   "[" + strings.Join(plugins, ",") + "].\n",
		discoveryFile: backend + "\n",
		startScript:   startText,
		readyScript:   readyText,
		stopScript:    stopText,
	}), nil
}

// shared is the identity of objects that serve every node.
func shared(s *part.Service) kit.Identity { return kit.ServiceIdentity(s, "server") }

// peerDiscovery says how a new node finds the cluster, and the plugins of every node. From 4.1 on the Kubernetes backend joins
// the node with ordinal 0, and asks nobody for it. Before, it asks the API server; the start script then writes a list of
// nodes for the classic backend.
func peerDiscovery(s *part.Service) (backend string, plugins []string, err error) {
	version, err := parseRelease(s.Image.Version)
	if err != nil {
		return "", nil, part.Invalid(v1alpha1.ReasonInvalid, "version: %v", err)
	}
	plugins = []string{"rabbitmq_management", "rabbitmq_prometheus"}
	if version.before(release{major: 4, minor: 1}) {
		return "classic_config", plugins, nil
	}
	return "k8s", append(plugins, "rabbitmq_peer_discovery_k8s"), nil
}

// settings are the lines of a configuration file. Their values are made here or have passed checkParameters: none can hold a
// line break or a comment.
type settings []setting

type setting struct{ name, value string }

func (l *settings) add(name, value string) { *l = append(*l, setting{name, value}) }

// addListeners opens the ports of the mode. The management interface listens on the loopback address only: its logins would
// cross the network in clear text. `kubectl port-forward` reaches it.
func (l *settings) addListeners(s *part.Service) {
	if s.TLS == v1alpha1.TLSRequired {
		l.add("listeners.tcp", "none")
	} else {
		l.add("listeners.tcp.default", strconv.Itoa(plainPort))
	}
	if s.TLS != v1alpha1.TLSDisabled {
		l.add("listeners.ssl.default", strconv.Itoa(encryptedPort))
		l.add("ssl_options.cacertfile", tlsDir+"/ca.crt")
		l.add("ssl_options.certfile", tlsDir+"/tls.crt")
		l.add("ssl_options.keyfile", tlsDir+"/tls.key")
		l.add("ssl_options.verify", "verify_none")
		l.add("ssl_options.fail_if_no_peer_cert", "false")
		l.add("ssl_options.versions.1", "tlsv1.3")
		l.add("ssl_options.versions.2", "tlsv1.2")
	}
	l.add("management.tcp.ip", "127.0.0.1")
	l.add("management.tcp.port", "15672")
	l.add("prometheus.tcp.port", strconv.Itoa(prometheusPort))
}

// addLimits keeps the broker within its container and its volume: publishers are held up before either is full.
func (l *settings) addLimits(s *part.Service) {
	if memory := s.Resources.Limits.Memory(); !memory.IsZero() {
		l.add("total_memory_available_override_value", strconv.FormatInt(memory.Value(), 10))
	}
	l.add("vm_memory_high_watermark.relative", "0.6")
	free := min(max(s.Storage.Size.Value()/10, diskFloor), diskCeiling)
	l.add("disk_free_limit.absolute", strconv.FormatInt(free, 10))
}

// addQueues makes queues that survive the loss of a node, where there are nodes to put copies on, also of those that were
// declared while the cluster was smaller.
//
// Both permissions are there for clients that know nothing of this broker, Celery above all. It declares control queues that
// are neither durable nor exclusive. And it asks for a prefetch limit over all consumers of a channel, which a quorum queue
// answers with an error: where the feature is not permitted, the broker takes the limit for each consumer instead (tried:
// without this a worker that has only its URL reconnects for ever).
func (l *settings) addQueues() {
	l.add(parameterQueueType, quorumType)
	l.add("quorum_queue.continuous_membership_reconciliation.enabled", "true")
	l.add("quorum_queue.continuous_membership_reconciliation.target_group_size", "3")
	l.add("cluster_partition_handling", "pause_minority")
	l.add("deprecated_features.permit.transient_nonexcl_queues", "true")
	l.add("deprecated_features.permit.global_qos", "false")
}

// override puts the user's values in the place of the operator's, and the others at the end in the order of their names.
func (l *settings) override(parameters map[string]string) {
	kept := settings{}
	for _, line := range *l {
		if !replaced(line.name, parameters) {
			kept.add(line.name, line.value)
		}
	}
	for _, name := range sortedNames(parameters) {
		kept.add(name, parameters[name])
	}
	*l = kept
}

// replaced says whether a parameter of the user takes the place of a line, under the same name or as its alternative.
func replaced(name string, parameters map[string]string) bool {
	if _, same := parameters[name]; same {
		return true
	}
	for _, pair := range alternatives {
		if strings.HasPrefix(name, pair+".") && (parameters[pair+".absolute"] != "" || parameters[pair+".relative"] != "") {
			return true
		}
	}
	return false
}

func (l settings) text() string {
	var text strings.Builder
	for _, line := range l {
		text.WriteString(line.name + " = " + line.value + "\n")
	}
	return text.String()
}
