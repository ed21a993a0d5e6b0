// Package mongodb serves a StackDatabase with the engine MongoDB from native objects: a replica set, whose members choose a primary by
// themselves.
//
// The members are pods of one StatefulSet. The first one begins with the administrator in its data, and a Job takes the others in, one at
// a time. Another Job makes the logins. A single member is a replica set too: it has transactions and change streams, and can grow.
//
// Clients get the name of a Service that leads to the members that are ready, and learn the members from whomever they reach. A list of
// members would be another fact, and so another login for every consumer, whenever the number of members changes.
package mongodb

import (
	"embed"
	"slices"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/engines/internal/replicated"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// port of the server.
	port = 27017
	// setupPort is that of the server which prepares the first member's data. It listens inside its own pod only.
	setupPort = 27117
	// setName is the name of every replica set: it never leaves the network of its members and consumers.
	setName = "rs0"
	// administrator is the account that the Jobs work as; scripts/administrator.js makes it.
	administrator = "stackwright_admin"
	// loginLimit is the limit of ConsumerStatus; the server has none so short.
	loginLimit = 63
	// keyKeyfile of the administrator's Secret is what the members know each other by.
	keyKeyfile = "keyfile"
)

//go:embed scripts
var scripts embed.FS

// engine is what MongoDB has in common with the engines of one primary: names, bindings, and the Job that makes logins.
var engine = &replicated.Engine{
	Name:  "mongodb",
	Port:  port,
	Names: replicated.Names{LoginLimit: loginLimit, Reserved: isReserved},
	Scripts: replicated.Scripts{
		Folder:    scripts,
		Server:    []string{"mongodb.sh", "prepare.sh", "administrator.js", "ready.sh"},
		Provision: []string{"mongodb.sh", "provision.sh", "provision.js", "plan.js", "address.js"},
	},
}

// Builtin returns the provider.
func Builtin() part.Provider {
	provider := engine.Provider()
	provider.Engine = string(v1alpha1.EngineMongoDB)
	provider.AdminValues = []string{replicated.KeyPassword, keyKeyfile}
	provider.AdminData = adminData
	provider.ServerNames = serverNames
	provider.Login = engine.Names.Login
	provider.Binding = binding
	provider.Upgrade = releases.Upgrade
	provider.Members = wanted
	provider.Build = build
	return provider
}

// adminData is the administrator's Secret: the values, and the account that the password belongs to.
func adminData(_ *part.Service, values map[string]string) map[string]string {
	return kit.With(values, map[string]string{"username": administrator})
}

// serverNames are those of the Services, and of every member there may ever be: the certificate stays when one comes.
func serverNames(s *part.Service) []string {
	return append(replicated.ServerNames(s), "*."+membersHost(s))
}

// isReserved says which databases the server has, or are ours.
func isReserved(name string) bool {
	return slices.Contains([]string{"admin", "local", "config", "stackwright"}, name)
}

// releases are those that settings are known for.
var releases = replicated.Releases{
	Engine: "MongoDB",
	Served: map[string][]string{"7.0": {"8.0"}, "8.0": nil},
	Sort:   "the major releases",
	Move: "create a StackDatabase with version %s, move the data with mongodump and " +
		"mongorestore, and let the stack use that one",
}
