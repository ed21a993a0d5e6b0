package controllers

import (
	"github.com/stackwright/stackwright/controllers/components"
	"github.com/stackwright/stackwright/controllers/desired"
	"github.com/stackwright/stackwright/controllers/engines/memcached"
	"github.com/stackwright/stackwright/controllers/engines/mongodb"
	"github.com/stackwright/stackwright/controllers/engines/mysql"
	"github.com/stackwright/stackwright/controllers/engines/postgresql"
	"github.com/stackwright/stackwright/controllers/engines/rabbitmq"
	"github.com/stackwright/stackwright/controllers/engines/redis"
	"github.com/stackwright/stackwright/controllers/engines/valkey"
	"github.com/stackwright/stackwright/controllers/loadbalancer"
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/runtimes/celery"
	"github.com/stackwright/stackwright/controllers/runtimes/nodejs"
)

// Providers is the one list of who serves which engine. Order is preference: the first that can serve is taken for a new
// service, and then sticks.
func Providers() []part.Provider {
	return []part.Provider{
		postgresql.Builtin(),
		mysql.Builtin(),
		mongodb.Builtin(),
		valkey.Builtin(),
		redis.Builtin(),
		memcached.Builtin(),
		rabbitmq.Builtin(),
	}
}

// Runtimes is the one list of what components may run besides any image.
func Runtimes() []part.Runtime {
	return []part.Runtime{
		nodejs.Runtime(),
		celery.Runtime(),
	}
}

// Rooms is the one list of what a stack is made of besides its data services, in the order of building.
func Rooms() desired.Rooms {
	return desired.Rooms{
		components.New(Runtimes()),
		loadbalancer.Build,
	}
}
