// Package replicated builds what engines have in common that run one primary that writes, and read copies that follow it. What
// differs from engine to engine is data: the facts of an Engine, and the Parts of one service.
package replicated

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/exporter"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// Roles in the component label. The first two tell the StatefulSets apart; the third is the Job's.
const primaryRole, replicaRole, provisionRole = "primary", "replica", "provision"

// Keys of the administrator's Secret.
const (
	KeyPassword            = "password"
	KeyReplicationPassword = "replication-password"
	KeyProbePassword       = "probe-password"
)

// Where things are in the containers.
const (
	ConfigPath      = "/stackwright/config"
	TLSPath         = "/stackwright/tls"
	DataPath        = "/stackwright/data"
	credentialsPath = "/stackwright/credentials"
	consumersPath   = "/stackwright/consumers"
)

// Authority is the file that a client knows the server by.
const Authority = TLSPath + "/" + corev1.ServiceAccountRootCAKey

// Engine is what is true of every service of an engine.
type Engine struct {
	// Name of the server's container and of its port, the type of a binding, and the scheme of its address.
	Name string
	Port int32
	// PoolerPort is where the pooler answers, in the pod of the primary.
	PoolerPort int32
	// Exporter is what tells of the servers, and ExporterPort where it answers.
	Exporter     v1alpha1.CatalogEngine
	ExporterPort int32
	// SocketsPath is where the server's socket is: in memory.
	SocketsPath string
	// Memory are further folders of the server that never reach a disk: names of volumes, and where they are.
	Memory []corev1.VolumeMount
	// PreStop ends the sessions of a server where the signal that Kubernetes sends would wait for them.
	PreStop []string
	// LoginInTmp says that the scripts of Jobs write a login for their client to /tmp, which is in memory then.
	LoginInTmp bool
	// Replication is the way in which copies follow.
	Replication string
	// DumpEnv are the variables of the container that makes an archive.
	DumpEnv func(*part.Service) []corev1.EnvVar
	// Room is how many connections each server has for consumers.
	Room    func(*part.Service) int64
	Scripts Scripts
	Names   Names
}

// Parts are what an engine gives for one service.
type Parts struct {
	// Files of the server's configuration, besides its scripts.
	Files map[string]string
	// Env of the servers, and of the scripts that prepare their data. It has no variable that the engine's own programs would read.
	Env []corev1.EnvVar
	// RestoreEnv are further variables of what makes data of a backup.
	RestoreEnv []corev1.EnvVar
	// Serve is the script that becomes the server; empty: serve.sh. Libraries are what the server loads when it starts: a change of them
	// restarts it.
	Serve     string
	Libraries []string
	// Prepare are the resources of those scripts.
	Prepare corev1.ResourceRequirements
	// Primary and Replica are what differs between the roles.
	Primary, Replica Role
	// Job makes databases and logins.
	Job Job
	// Exporter tells of the server of a name. It is asked for where metrics are.
	Exporter func(server string) exporter.Exporter
}

// Role is what the pods of one role have.
type Role struct {
	// Script prepares the data before the server starts.
	Script string
	// Readiness is the script that asks for a real answer; empty: probe.sh.
	Readiness string
	// Beside is a further container of the pod; nil: none. It sees the configuration, the server's socket and its certificate.
	Beside *corev1.Container
	// Env of the server and of the script; ScriptEnv of the script only.
	Env, ScriptEnv []corev1.EnvVar
}

// Provider has the facts that are the same for every engine.
func (e *Engine) Provider() part.Provider {
	return part.Provider{
		Name:           string(v1alpha1.ProviderBuiltin),
		Kind:           "StackDatabase",
		Exporter:       e.Exporter,
		DefaultTLS:     v1alpha1.TLSRequired,
		Stateful:       func(*part.Service) bool { return true },
		DefaultStorage: "10Gi",
		CopiesFirst:    true,
		AdminValues:    []string{KeyPassword, KeyReplicationPassword, KeyProbePassword},
		ServerNames:    ServerNames,
		Endpoint:       func(s *part.Service) part.Endpoint { return part.Endpoint{Host: Host(s), Port: e.Port} },
		Ports:          e.ports,
	}
}

// Build returns the objects of a service.
func (e *Engine) Build(s *part.Service, p Parts) part.Output {
	var output part.Output
	config := e.config(s, p.Files)
	primary := e.primary(s, config.Name, p)
	output.Add(config, e.primaryService(s), e.networkPolicy(s), primary)
	if s.Replicas > 0 {
		output.Add(e.replicaService(s), e.replica(ofCopies(s), config.Name, p))
		output.Copies = ReplicaName(s)
	}
	if budget := disruptionBudget(s); budget != nil {
		output.Add(budget)
	}
	e.addBackups(s, primary, e.restoreStep(s, config.Name, p), &output)
	if runs(s) {
		e.AddLogins(s, p.Job, &output)
	}
	e.addMetrics(s, p.Exporter, &output)
	e.verdicts(s, &output)
	return output
}

// ofCopies is the service as its read copies are built from it: they may run the next image already.
func ofCopies(s *part.Service) *part.Service {
	if s.CopiesImage == nil {
		return s
	}
	result := *s
	result.Image = *s.CopiesImage
	return &result
}

// AddLogins adds the Job that makes databases and logins, with its plan.
func (e *Engine) AddLogins(s *part.Service, job Job, output *part.Output) {
	plan := e.plan(s, job)
	made := e.provision(s, plan.Name, job)
	output.Add(plan, made)
	output.Provisioning = made.Name
}

// runs says whether the servers should run: there is nothing for them to serve before a backup is restored.
func runs(s *part.Service) bool { return !s.Suspended && s.Recovery == nil }

// config holds the configuration of the server and the scripts that start it.
func (e *Engine) config(s *part.Service, configuration map[string]string) *corev1.ConfigMap {
	data := kit.With(e.Scripts.Read(e.Scripts.Server), configuration)
	return kit.Config(kit.ServiceIdentity(s, primaryRole), s.Namespace, kit.Child(s.Name, "config"), data)
}
