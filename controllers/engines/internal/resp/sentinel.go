package resp

import (
	"embed"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

//go:embed scripts
var scripts embed.FS

const (
	stateDir    = "/state"
	frontDir    = "/front"
	frontVolume = "front"
)

// watchStorage is for a file of a few kilobytes; less is refused by some storage.
var watchStorage = resource.MustParse("1Gi")

// anonymous is what a client may ask a sentinel without a login: where the primary is, and to be told when that changes. The
// network policy lets nobody ask but consumers.
const anonymous = "user default on nopass sanitize-payload ~* &* -@all +ping +hello +auth +client|setname +client|setinfo +client|id " +
	"+info +role +subscribe +unsubscribe +psubscribe +punsubscribe +sentinel|get-master-addr-by-name " +
	"+sentinel|master +sentinel|masters +sentinel|replicas +sentinel|slaves +sentinel|sentinels"

// watchConfig is the configuration of the sentinels, and the scripts of their pods.
func watchConfig(s *part.Service) *corev1.ConfigMap {
	data := kit.Scripts(scripts, []string{"cluster.sh", "sentinel.sh", "proxy.sh", "watch.sh"})
	data["sentinel.conf"] = render(sentinelConfiguration(s)) + anonymous + "\n"
	return kit.Config(kit.ServiceIdentity(s, sentinelRole), s.Namespace, watchName(s), data)
}

func sentinelConfiguration(s *part.Service) []directive {
	lines := []directive{
		{"bind", []string{"*", "-::*"}}, {"protected-mode", []string{"no"}}, {"dir", []string{stateDir}},
	}
	if tlsPort(s) == 0 {
		return append(lines, directive{"port", []string{strconv.Itoa(sentinelPort)}})
	}
	return append(lines,
		directive{"port", []string{"0"}}, directive{"tls-port", []string{strconv.Itoa(sentinelPort)}},
		directive{"tls-cert-file", []string{tlsDir + "/tls.crt"}}, directive{"tls-key-file", []string{tlsDir + "/tls.key"}},
		directive{"tls-ca-cert-file", []string{tlsDir + "/ca.crt"}}, directive{"tls-auth-clients", []string{"no"}},
		directive{"tls-replication", []string{"yes"}}, directive{"tls-protocols", []string{"TLSv1.2 TLSv1.3"}})
}

// watchTemplateInputs is what the pod of a sentinel is built from.
type watchTemplateInputs struct {
	inputs.Server
	Durable       bool   `json:"durable,omitempty"`
	Proxy         string `json:"proxy,omitempty"`
	ClusterDomain string `json:"clusterDomain,omitempty"`
}

func watchInputs(s *part.Service) watchTemplateInputs {
	server := inputs.Of(s)
	server.Parameters, server.Resources = nil, corev1.ResourceRequirements{}
	return watchTemplateInputs{Server: server, Durable: s.Durable, Proxy: s.Proxy.Given, ClusterDomain: s.ClusterDomain}
}

func watchPod(engine Engine, s *part.Service, identity kit.Identity, config string) corev1.PodSpec {
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), proxyContainer(engine, s), sentinelContainer(engine, s))
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(30))
	pod.TopologySpreadConstraints = kit.Spread(identity.Selector())
	pod.DNSConfig = wholeNames()
	pod.Volumes = slices.Concat(tlsVolumes(s), []corev1.Volume{
		kit.ConfigVolume(configVolume, config, 0o444),
		kit.ConfigVolume(usersVolume, usersName(s), 0o444),
		kit.EmptyDir(tmpVolume, "64Mi"), kit.EmptyDir(frontVolume, "1Mi"),
	})
	if !s.Durable {
		pod.Volumes = append(pod.Volumes, kit.EmptyDir(kit.DataVolume, "16Mi"))
	}
	return pod
}

func sentinelContainer(engine Engine, s *part.Service) corev1.Container {
	ready, alive := probe(run("watch.sh")), tcpAlive(sentinelPort)
	ready.PeriodSeconds, ready.TimeoutSeconds, ready.FailureThreshold = 5, 10, 6
	return corev1.Container{
		Name: sentinelRole, Image: s.Image.Name, Command: run("sentinel.sh"),
		Env: append(scriptEnv(engine, s, ownHost(s, watchName(s))),
			corev1.EnvVar{Name: "STATE", Value: stateDir}, corev1.EnvVar{Name: "FRONT", Value: frontDir}),
		Ports:           []corev1.ContainerPort{{Name: sentinelRole, ContainerPort: sentinelPort, Protocol: corev1.ProtocolTCP}},
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		ReadinessProbe:  &ready, LivenessProbe: alive,
		VolumeMounts: append(tlsMounts(s), mount(configVolume, configDir), mount(usersVolume, usersDir),
			corev1.VolumeMount{Name: tmpVolume, MountPath: "/tmp"},
			corev1.VolumeMount{Name: frontVolume, MountPath: frontDir},
			corev1.VolumeMount{Name: kit.DataVolume, MountPath: stateDir}),
	}
}

// proxyContainer is nginx, which runs as the engine's user: it needs to read what the sentinel writes, and nothing of its own.
func proxyContainer(engine Engine, s *part.Service) corev1.Container {
	ports, numbers := frontPorts(engine, s)
	ready := *tcpAlive(mainPort)
	ready.PeriodSeconds = 5
	return corev1.Container{
		Name: "proxy", Image: s.Proxy.Name, Command: run("proxy.sh"),
		Env: []corev1.EnvVar{
			{Name: "FRONT", Value: frontDir}, {Name: "TMP", Value: "/tmp"}, {Name: "PORTS", Value: numbers},
		},
		Ports:           ports,
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		ReadinessProbe:  &ready,
		LivenessProbe:   tcpAlive(mainPort),
		VolumeMounts: []corev1.VolumeMount{
			mount(configVolume, configDir),
			{Name: tmpVolume, MountPath: "/tmp"},
			{Name: frontVolume, MountPath: frontDir},
		},
	}
}
