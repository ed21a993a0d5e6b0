package rabbitmq

import (
	_ "embed"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	topologyScript  = "topology.sh"
	topologyProgram = "topology.erl"
)

var (
	//go:embed scripts/topology.sh
	topologyText string
	//go:embed scripts/topology.erl
	programText string
)

// greeting is what the script that makes logins begins with: it finds a node that runs. The script of the topology begins like
// that too. A file of its own would give every broker another Job.
func greeting() string {
	_, text, _ := strings.Cut(usersText, "set -eu\n")
	text, _, _ = strings.Cut(text, "\n# An upgrade to the next release")
	return "set -eu\n" + text
}

// addTopology adds the Job that makes what is declared in virtual hosts. It is another one than that of the logins, so that a
// queue that cannot be made holds up nobody's login.
func addTopology(s *part.Service, declared []declaration, output *part.Output) {
	if len(declared) == 0 {
		return
	}
	identity := kit.ServiceIdentity(s, "topology")
	files := map[string]string{topologyScript: greeting() + topologyText, topologyProgram: programText}
	var vhosts strings.Builder
	for i, d := range declared {
		file := fmt.Sprintf("vhost-%d.json", i)
		files[file] = d.items
		vhosts.WriteString(file + " " + d.vhost + "\n")
	}
	config := kit.Config(identity, s.Namespace, kit.Child(s.Name, "topology"), files)
	env := append(brokerEnv(s), plainEnv("VHOSTS", vhosts.String(), "REPORT", corev1.TerminationMessagePathDefault)...)
	volumes := []corev1.Volume{withCookie(s, config.Name), kit.EmptyDir(homeVolume, "16Mi"), kit.EmptyDir(tmpVolume, "64Mi")}
	plan := kit.Hash(inputs.OfJob(s), volumes, env)
	pod := jobPod(s, corev1.Container{
		Name: "topology", Command: script(topologyScript), Env: append(env, plainEnv("PLAN", plan)...),
		VolumeMounts: []corev1.VolumeMount{readOnly(configVolume, configDir)},
	})
	pod.Volumes = volumes
	job := kit.Job(identity, s.Namespace, kit.Child(s.Name, "topology"), pod, plan)
	output.Add(config, job)
	output.Topology = job.Name
}
