package resp

import (
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/logins"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// administrator is the login of probes and of the job. No application has it.
	administrator = "stackwright"
	// adminPassword is the key of its password.
	adminPassword = "password"
	// departedFile lists the logins that are taken back, one a line.
	departedFile = "departed"
	// copiesFile is the number of copies: members read it, so that another number restarts none of them.
	copiesFile = "copies"
)

// What a login may do. Everything is allowed to applications but administration and what hurts others: CONFIG, ACL, DEBUG,
// SHUTDOWN, MODULE, REPLICAOF, MONITOR, MIGRATE, RESTORE, SAVE, changes of CLUSTER. Given back are the harmless commands of
// those groups that libraries send: INFO (nearly all), KEYS, SORT, ROLE (drivers that look for the primary).
const (
	mayUse = "~* &* +@all -@admin -@dangerous +info +keys +role +sort +sort_ro"
	// mayOwn adds emptying the cache, which Django's cache.clear() and Rails.cache.clear do, and the list of connections,
	// which BullMQ shows. They reach every stack, so only the one that made the cache has them.
	mayOwn = mayUse + " +flushdb +flushall +client|list"
	// mayRead can subscribe, and cannot change keys, not in a script either.
	mayRead = "%R~* &* +@all -@write -@admin -@dangerous -publish -spublish +info +keys +role +sort_ro"
)

func rights(access v1alpha1.AccessMode) string {
	switch access {
	case v1alpha1.AccessOwner:
		return mayOwn
	case v1alpha1.AccessReadOnly:
		return mayRead
	}
	return mayUse
}

// nobody is the login default, which clients without a name get: off, without a password. It keeps every right, which nobody
// can use, because the server reads its append-only file as this user: without them, Valkey 8.1 and Redis 8.0 drop every
// transaction and script of the file when they start, and say so only in the log (valkey-io/valkey#3983, redis/redis#14541).
const nobody = "user default off resetpass ~* &* +@all"

// userList is the file that the server reads its logins from when it starts. It has digests in the place of passwords.
func userList(s *part.Service) string {
	lines := []string{
		nobody,
		"user " + administrator + " on #" + s.Admin.Digest + " ~* &* +@all",
	}
	if s.Metrics != nil {
		lines = append(lines, "user "+metricsLogin+" on #"+s.Admin.Digest+" "+mayWatch)
	}
	for _, consumer := range s.Consumers {
		lines = append(lines, "user "+consumer.Login+" on #"+consumer.Credential.Digest+" "+rights(consumer.Access))
		if other := logins.Other(consumer.Login); consumer.Previous != nil && other != "" {
			lines = append(lines, "user "+other+" on #"+consumer.Previous.Digest+" "+rights(consumer.Access))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

var (
	validLogin  = regexp.MustCompile(`^[a-z0-9_]+$`)
	validDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// checkLogins keeps anything but names and digests out of the list: they come from the anchor, which tenants can write.
func checkLogins(s *part.Service) error {
	if !validDigest.MatchString(s.Admin.Digest) {
		return notBelieved(s, "admin.digest is no SHA-256")
	}
	for _, consumer := range s.Consumers {
		if !validLogin.MatchString(consumer.Login) || !validDigest.MatchString(consumer.Credential.Digest) {
			return notBelieved(s, "login and digest of "+consumer.Namespace+"/"+consumer.Stack+" are not what was recorded")
		}
		if consumer.Previous != nil && !validDigest.MatchString(consumer.Previous.Digest) {
			return notBelieved(s, "the previous digest of "+consumer.Namespace+"/"+consumer.Stack+" is not what was recorded")
		}
	}
	for _, consumer := range s.Departed {
		if !validLogin.MatchString(consumer.Login) {
			return notBelieved(s, "the departed login of "+consumer.Namespace+"/"+consumer.Stack+" is not what was recorded")
		}
	}
	return nil
}

func notBelieved(s *part.Service, problem string) error {
	return part.Invalid(v1alpha1.ReasonAnchorInvalid,
		"ConfigMap %s-anchor: %s; restore the record from a backup", s.Name, problem)
}

// departed lists the logins to take back, one a line. Those of the server itself are never among them.
func departed(s *part.Service) string {
	var list strings.Builder
	for _, login := range logins.Departed(s) {
		if login != administrator && login != metricsLogin && login != "default" {
			list.WriteString(login + "\n")
		}
	}
	return list.String()
}

// usersConfigMap keeps its name whatever it holds: a stack that comes or goes must not restart a cache, which would lose its
// content. A server that starts reads the file; a running one is told by the job.
func usersConfigMap(s *part.Service) *corev1.ConfigMap {
	data := map[string]string{usersFile: userList(s), departedFile: departed(s)}
	if s.Replicated || present(s) > 0 {
		data[copiesFile] = strconv.Itoa(int(present(s))) + "\n"
	}
	return &corev1.ConfigMap{ObjectMeta: kit.ServiceIdentity(s, primaryRole).Meta(s.Namespace, usersName(s)), Data: data}
}

func usersName(s *part.Service) string { return kit.Child(s.Name, "users") }
