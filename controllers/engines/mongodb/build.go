package mongodb

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// memberRole is the role of a server in the component label, membersRole that of the Job that makes a set of them.
const memberRole, membersRole = "member", "members"

func build(s *part.Service) (part.Output, error) {
	for _, check := range []func(*part.Service) error{releases.Check, checkSize, checkParameters, checkMembers, engine.Names.Check} {
		if err := check(s); err != nil {
			return part.Output{}, err
		}
	}
	var output part.Output
	identity := kit.ServiceIdentity(s, memberRole)
	config := serverConfig(s, identity)
	output.Add(
		config,
		clientService(s, identity),
		kit.Headless(identity, s.Namespace, replicated.ReplicaName(s), kit.TCPPort(engine.Name, port)),
		kit.ServicePolicy(s, identity, []int32{port}),
		statefulSet(s, identity, config.Name),
	)
	if wanted(s) > 1 {
		output.Add(kit.DisruptionBudget(identity, s.Namespace, s.Name))
	}
	if !s.Suspended {
		addMembers(s, &output)
		engine.AddLogins(s, replicated.Job{Env: loginsEnv(s)}, &output)
	}
	addVerdicts(s, &output)
	return output, nil
}

// clientService resolves to the members that are ready, so that a client never starts with one that knows of no set.
func clientService(s *part.Service, identity kit.Identity) *corev1.Service {
	service := kit.Headless(identity, s.Namespace, s.Name, kit.TCPPort(engine.Name, port))
	service.Spec.PublishNotReadyAddresses = false
	return service
}

// serverConfig holds the options of the server and the scripts of its pod.
func serverConfig(s *part.Service, identity kit.Identity) *corev1.ConfigMap {
	data := kit.With(engine.Scripts.Read(engine.Scripts.Server), map[string]string{"mongod.conf": configuration(s)})
	return kit.Config(identity, s.Namespace, kit.Child(s.Name, "config"), data)
}
