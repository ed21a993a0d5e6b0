package mongodb

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/inputs"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// mostMembers is how many may vote in a replica set.
const mostMembers = 7

// wanted is how many members the set is to have.
func wanted(s *part.Service) int32 { return 1 + s.Replicas }

// running is how many members run: one that is not wanted any more runs until it has left the set, because its vote is counted till then.
func running(s *part.Service) int32 {
	if s.Suspended {
		return 0
	}
	return min(max(wanted(s), s.Members), mostMembers)
}

// voters is how many members vote: an even number of votes survives no more losses than one less. The Job gives the votes
// (scripts/set.js).
func voters(members int32) int32 { return members - (members+1)%2 }

// checkMembers refuses what the schema lets through for other engines.
func checkMembers(s *part.Service) error {
	if wanted(s) <= mostMembers {
		return nil
	}
	return part.Invalid(v1alpha1.ReasonInvalid, "replicas: %d are more than 6, and no more than 7 members vote; choose 6 or less", s.Replicas)
}

// membersHost is the domain that the members' names stand in. The Service of that name leads to members that are not ready too: they have
// to find each other first.
func membersHost(s *part.Service) string {
	return kit.ServiceHost(replicated.ReplicaName(s), s.Namespace, s.ClusterDomain)
}

// hosts are the names and ports of all members that there may be.
func hosts(s *part.Service) []string {
	var result []string
	for ordinal := range mostMembers {
		result = append(result, at(fmt.Sprintf("%s-%d.%s", s.Name, ordinal, membersHost(s))))
	}
	return result
}

// at is an address of a server.
func at(host string) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// loginsEnv is what the Job that makes logins reaches the set with.
func loginsEnv(s *part.Service) []corev1.EnvVar {
	return slices.Concat([]corev1.EnvVar{{Name: "HOSTS", Value: at(membersHost(s))}}, reach(s))
}

// reach is how the Jobs log in, and by which authority they know a server.
func reach(s *part.Service) []corev1.EnvVar {
	env := []corev1.EnvVar{{Name: "SET", Value: setName}, kit.SecretEnv("ADMIN_PASSWORD", s.Admin.Secret, replicated.KeyPassword)}
	if s.Certificate != nil {
		env = append(env, corev1.EnvVar{Name: "AUTHORITY", Value: replicated.Authority})
	}
	return env
}

// addMembers adds the Job that makes the set have the members that are wanted.
func addMembers(s *part.Service, output *part.Output) {
	identity := kit.ServiceIdentity(s, membersRole)
	data := engine.Scripts.Read([]string{"mongodb.sh", "members.sh", "members.js", "set.js", "address.js"})
	config := kit.Config(identity, s.Namespace, kit.Child(s.Name, membersRole), data)
	env := slices.Concat([]corev1.EnvVar{
		{Name: "HOSTS", Value: strings.Join(hosts(s), " ")},
		{Name: "MEMBERS", Value: strconv.Itoa(int(wanted(s)))},
		{Name: "SERIES", Value: replicated.Series(s.Image.Version)},
		kit.SecretEnv("KEY", s.Admin.Secret, keyKeyfile),
	}, reach(s))
	volumes := []corev1.Volume{kit.ConfigVolume("config", config.Name, 0o444), kit.EmptyDir("tmp", "16Mi")}
	mounts := []corev1.VolumeMount{
		{Name: "config", MountPath: replicated.ConfigPath, ReadOnly: true}, {Name: "tmp", MountPath: "/tmp"},
	}
	if s.Certificate != nil {
		volumes = append(volumes, kit.AuthorityVolume("tls", s.Certificate.Secret))
		mounts = append(mounts, corev1.VolumeMount{Name: "tls", MountPath: replicated.TLSPath, ReadOnly: true})
	}
	// A Job begins by writing its plan into the set, and ends once it reads another one there.
	plan := kit.Hash(inputs.OfJob(s), volumes, env)
	pod := kit.PodSpec(s.Placement, kit.EngineUser(s.Image), corev1.Container{
		Name: membersRole, Image: s.Image.Name, Command: []string{"sh", replicated.ConfigPath + "/members.sh"},
		Env:       append(env, corev1.EnvVar{Name: "PLAN", Value: plan}, corev1.EnvVar{Name: "LANG", Value: "C.UTF-8"}),
		Resources: kit.SmallResources(), SecurityContext: kit.Restricted(), VolumeMounts: mounts,
	})
	pod.Volumes = volumes
	pod.TerminationGracePeriodSeconds = kit.Ptr(int64(1))
	job := kit.Job(identity, s.Namespace, kit.Child(s.Name, membersRole), pod, plan)
	output.Add(config, job)
	output.Members = job.Name
}
