package resp

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// A cache with copies has members: the server <name>-0, which a cache without copies has too, and the copies. Any of them can be
// the primary; the name of the first StatefulSet's role says only where it began.
const (
	primaryRole, replicaRole, sentinelRole = "primary", "replica", "sentinel"
	// sentinelPort is the same with TLS and without: a sentinel has one port.
	sentinelPort = 26379
	// sentinelCount is the least with which one may be away.
	sentinelCount = 3
)

// present is the number of copies that run: those on the way out stay until the primary is a member that stays.
func present(s *part.Service) int32 { return max(s.Replicas, s.Copies) }

// moving says whether the members are on their way to another number.
func moving(s *part.Service) bool { return s.Replicas != s.Copies || s.Replicas > 0 && !s.Replicated }

// Names of the workloads and their Services. The sentinels are called watch, because a StatefulSet's name is short.
func replicaName(s *part.Service) string { return kit.Child(s.Name, replicaRole) }
func watchName(s *part.Service) string   { return kit.Child(s.Name, "watch") }

// firstName is the Service of the server <name>-0 alone: with copies, the Service of the cache leads to the proxies.
func firstName(s *part.Service) string { return kit.Child(s.Name, "first") }

// copyName is the Service that gives each copy a name, also before it is ready.
func copyName(s *part.Service) string { return kit.Child(s.Name, "copy") }

func serviceHost(s *part.Service, name string) string {
	return kit.ServiceHost(name, s.Namespace, s.ClusterDomain)
}

// copyHost and watchHost are the names of a copy and of a sentinel; the verb of the ordinal is %d where scripts fill it in.
func copyHost(s *part.Service, ordinal string) string {
	return replicaName(s) + "-" + ordinal + "." + serviceHost(s, copyName(s))
}

func watchHost(s *part.Service, ordinal string) string {
	return watchName(s) + "-" + ordinal + "." + serviceHost(s, watchName(s))
}

// ownHost is the name of a pod by which the others of its Service know it.
func ownHost(s *part.Service, service string) string { return "$(POD_NAME)." + serviceHost(s, service) }

// groupName is what sentinels call the members: no other cache of the cluster has the name.
func groupName(s *part.Service) string { return s.Namespace + "." + s.Name }

// innerPort is where members reach each other: encrypted wherever the server can.
func innerPort(s *part.Service) int {
	if port := tlsPort(s); port != 0 {
		return port
	}
	return mainPort
}

// staying are the members of which one has to be the primary before the number of members changes. The first server loses its
// content when it restarts as one of several for the first time, so that a copy has to have taken its place.
func staying(s *part.Service) []string {
	var hosts []string
	if s.Replicated || s.Replicas == 0 {
		hosts = append(hosts, serviceHost(s, firstName(s)))
	}
	for i := range s.Replicas {
		hosts = append(hosts, copyHost(s, strconv.Itoa(int(i))))
	}
	return hosts
}

// sentinelHosts are the addresses of the sentinels, for clients that know what to do with them.
func sentinelHosts(s *part.Service) string {
	var hosts []string
	for i := range sentinelCount {
		hosts = append(hosts, watchHost(s, strconv.Itoa(i))+":"+strconv.Itoa(sentinelPort))
	}
	return strings.Join(hosts, ",")
}

// scriptEnv is what scripts/cluster.sh reads; self is the name of the own pod.
func scriptEnv(engine Engine, s *part.Service, self string) []corev1.EnvVar {
	options := ""
	if s.TLS != v1alpha1.TLSDisabled {
		options = "--tls --cacert " + tlsDir + "/ca.crt"
	}
	values := []corev1.EnvVar{
		{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"},
		}},
		{Name: "SELF", Value: self}, {Name: "HERE", Value: "127.0.0.1"},
		{Name: "CLIENT", Value: engine.Client}, {Name: "SERVER", Value: engine.Server},
		{Name: "PORT", Value: strconv.Itoa(innerPort(s))}, {Name: "TLS_OPTIONS", Value: options},
		{Name: "GROUP", Value: groupName(s)},
		{Name: "FIRST", Value: serviceHost(s, firstName(s))},
		{Name: "COPY", Value: copyHost(s, "%d")}, {Name: "WATCH", Value: watchHost(s, "%d")},
		{Name: "CONFIG", Value: configDir}, {Name: "USERS", Value: usersDir}, {Name: "TMP", Value: "/tmp"},
	}
	return append(values, passwordEnv(s))
}

// wholeNames has names of members looked up as they are: each would be tried with every domain of the cluster first, and a sentinel
// answers nobody while it waits for the name server.
func wholeNames() *corev1.PodDNSConfig {
	return &corev1.PodDNSConfig{Options: []corev1.PodDNSConfigOption{{Name: "ndots", Value: kit.Ptr("1")}}}
}

func run(script string) []string { return []string{"sh", "-uf", configDir + "/" + script} }

// addCopies adds what a cache with copies has besides its first server.
func addCopies(engine Engine, s *part.Service, member, watch *corev1.ConfigMap, output *part.Output) {
	first, replica, sentinel := kit.ServiceIdentity(s, primaryRole), kit.ServiceIdentity(s, replicaRole), kit.ServiceIdentity(s, sentinelRole)
	readers := kit.Headless(replica, s.Namespace, replicaName(s), servicePorts(engine, s)...)
	readers.Spec.PublishNotReadyAddresses = false
	output.Add(watch, readers,
		kit.Headless(first, s.Namespace, firstName(s), servicePorts(engine, s)...),
		kit.Headless(replica, s.Namespace, copyName(s), servicePorts(engine, s)...),
		kit.Headless(sentinel, s.Namespace, watchName(s), kit.TCPPort("sentinel", sentinelPort)),
		replicas(engine, s, member.Name), sentinels(engine, s, watch.Name))
	if s.Production {
		output.Add(memberBudget(s), kit.DisruptionBudget(sentinel, s.Namespace, watchName(s)))
	}
	output.Front = watchName(s)
	if !s.Replicated {
		output.Front = s.Name
	}
	if moving(s) && !s.Suspended {
		output.Progress = fmt.Sprintf("it goes from %d to %d copies; the primary has to be a member that stays", s.Copies, s.Replicas)
	}
}
