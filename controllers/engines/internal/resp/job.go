package resp

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// provisionScript applies the list of logins to a running server. Its arguments are the client with its options.
//
//go:embed provision.sh
var provisionScript string

// provisioning is the job that tells a running server of its logins. It mounts the same list as the server and waits until
// the kubelet shows the version that it was made for, so that an old job can never bring back an old list.
func provisioning(engine Engine, s *part.Service, users, member *corev1.ConfigMap) *batchv1.Job {
	identity := kit.ServiceIdentity(s, "provision")
	digest := listDigest(users.Data[usersFile], users.Data[departedFile])
	command := append([]string{"sh", "-euf", "-c", provisionScript, "provision"}, remote(engine, s)...)
	container := corev1.Container{
		Name: "provision", Image: s.Image.Name, Command: command,
		Env:             []corev1.EnvVar{passwordEnv(s), {Name: "LIST_DIGEST", Value: digest}},
		Resources:       kit.SmallResources(),
		SecurityContext: kit.Restricted(),
		VolumeMounts:    append(tlsMounts(s), mount(usersVolume, usersDir)),
	}
	volumes := append(tlsVolumes(s), kit.ConfigVolume(usersVolume, users.Name, 0o444))
	if present(s) > 0 {
		container.Command = run("provision.sh")
		container.Env = append(scriptEnv(engine, s, ""), corev1.EnvVar{Name: "LIST_DIGEST", Value: digest},
			corev1.EnvVar{Name: "COPIES", Value: strconv.Itoa(int(present(s)))},
			corev1.EnvVar{Name: "STAYING", Value: strings.Join(staying(s), " ")})
		container.VolumeMounts = append(container.VolumeMounts, mount(configVolume, configDir))
		volumes = append(volumes, kit.ConfigVolume(configVolume, member.Name, 0o444))
	}
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), container)
	pod.Volumes = volumes
	if present(s) > 0 {
		pod.DNSConfig = wholeNames()
	}
	// What is left of an older Job must not do for long what this one undoes: a shell would not hear the first signal.
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(1))
	return kit.Job(identity, s.Namespace, kit.Child(s.Name, "provision"), pod,
		inputs.OfJob(s), container.Command, container.Env, pod.Volumes)
}

func listDigest(contents ...string) string {
	sum := sha256.New()
	for _, content := range contents {
		sum.Write([]byte(content))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// passwordVariable is read by the clients of both engines; Valkey takes it beside VALKEYCLI_AUTH, which 9.0 brought.
const passwordVariable = "REDISCLI_AUTH"

// client is the engine's client as the administrator. Its password is in the environment, where no list of processes shows
// it.
func client(engine Engine, server string, port int, encrypted bool) []string {
	command := []string{engine.Client, "-h", server, "-p", strconv.Itoa(port), "--user", administrator}
	if encrypted {
		command = append(command, "--tls", "--cacert", tlsDir+"/ca.crt")
	}
	return command
}

// remote is the client for another pod: encrypted wherever the server can.
func remote(engine Engine, s *part.Service) []string {
	if port := tlsPort(s); port != 0 {
		return client(engine, host(s), port, true)
	}
	return client(engine, host(s), mainPort, false)
}

// local is the client for the own pod, on the port that uri names.
func local(engine Engine, s *part.Service, command ...string) []string {
	return append(client(engine, "127.0.0.1", mainPort, s.TLS == v1alpha1.TLSRequired), command...)
}

func passwordEnv(s *part.Service) corev1.EnvVar {
	return kit.SecretEnv(passwordVariable, s.Admin.Secret, adminPassword)
}
