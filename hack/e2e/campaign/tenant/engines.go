package tenant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
)

// engineInjections write into the configuration of engines.
func engineInjections() []Attack {
	refused := func(name, kind, spec, says string) Attack {
		return Attack{Name: name, Expect: "refused with the field", Steps: []Step{create(service(kind, spec), says)}}
	}
	invalid := func(name, kind, spec, says string) Attack {
		return Attack{
			Name: name, Expect: "Invalid that names the parameter; no server is made from it", Steps: []Step{create(service(kind, spec))},
			Shows: []Shown{{kind, "store", v1alpha1.ReasonInvalid, []string{says}}}, Check: noServer,
		}
	}
	written := func(name, kind, spec, line string) Attack {
		return Attack{
			Name: name, Expect: "accepted: the value is one quoted value of its line", Steps: []Step{create(service(kind, spec))},
			Shows: []Shown{{kind, "store", v1alpha1.ReasonReady, nil}}, Check: func(ctx context.Context, s *scene) error { return s.configLine(ctx, line) },
		}
	}
	const database, cache, queue = "StackDatabase", "StackCache", "StackQueue"
	return classed(Injection,
		refused("postgresql-archive-command", database, "{engine: PostgreSQL, parameters: {archive_command: id}}", "parameters"),
		refused("postgresql-libraries", database, "{engine: PostgreSQL, parameters: {shared_preload_libraries: /tmp/x.so}}", "parameters"),
		refused("postgresql-restore-command", database, "{engine: PostgreSQL, parameters: {restore_command: id}}", "parameters"),
		refused("postgresql-ssl-passphrase", database, "{engine: PostgreSQL, parameters: {ssl_passphrase_command: id}}", "parameters"),
		refused("postgresql-include", database, "{engine: PostgreSQL, parameters: {include: /etc/passwd}}", "parameters"),
		refused("postgresql-line", database, `{engine: PostgreSQL, parameters: {search_path: "a\narchive_command = 'id'"}}`, "parameters"),
		refused("postgresql-name-line", database, `{engine: PostgreSQL, parameters: {"a\nb": x}}`, "parameters"),
		refused("postgresql-name-case", database, `{engine: PostgreSQL, parameters: {Archive_Command: id}}`, "parameters"),
		invalid("postgresql-quote", database, `{engine: PostgreSQL, parameters: {search_path: "a'\\; include '/etc/passwd"}}`, "parameters.search_path"),
		written("postgresql-log-prefix", database, `{engine: PostgreSQL, parameters: {log_line_prefix: "$(id) `+"`id`"+` %u' # "}}`, `log_line_prefix = '$(id) `+"`id`"+` %u'' # '`),
		invalid("postgresql-control", database, `{engine: PostgreSQL, parameters: {search_path: "a\u0007"}}`, "search_path"),
		invalid("postgresql-extension-code", database, `{engine: PostgreSQL, parameters: {plpgsql.extra_library_path: /tmp}}`, "parameters.plpgsql.extra_library_path"),
		refused("mongodb-authorization", database, "{engine: MongoDB, parameters: {security.authorization: disabled}}", "parameters"),
		refused("mongodb-path", database, "{engine: MongoDB, parameters: {systemLog.path: /tmp/x}}", "parameters"),
		refused("mongodb-line", database, `{engine: MongoDB, parameters: {operationProfiling.mode: "off\nsecurity: {}"}}`, "parameters"),
		invalid("mongodb-flow", database, "{engine: MongoDB, parameters: {operationProfiling.mode: '{x: 1}'}}", "operationProfiling.mode"),
		invalid("mongodb-test-commands", database, `{engine: MongoDB, parameters: {setParameter.enableTestCommands: "1"}}`, "setParameter.enableTestCommands"),
		refused("mysql-init-connect", database, "{engine: MySQL, parameters: {init_connect: 'SET GLOBAL general_log = ON'}}", "parameters"),
		refused("mysql-plugin", database, "{engine: MySQL, parameters: {plugin_load_add: /tmp/x.so}}", "parameters"),
		refused("mysql-loose", database, "{engine: MySQL, parameters: {loose-plugin-load: /tmp/x.so}}", "parameters"),
		refused("mysql-durability", database, `{engine: MySQL, parameters: {innodb_flush_log_at_trx_commit: "0"}}`, "parameters"),
		refused("mysql-line", database, `{engine: MySQL, parameters: {sql_mode: "ANSI\nplugin_load_add = x.so"}}`, "parameters"),
		invalid("mysql-quote", database, `{engine: MySQL, parameters: {optimizer_switch: "mrr=on\" plugin_load_add=x.so"}}`, "parameters.optimizer_switch"),
		invalid("mysql-dashes", database, `{engine: MySQL, parameters: {sync-binlog: "0"}}`, "parameters.sync-binlog"),
		written("mysql-modes", database, `{engine: MySQL, parameters: {sql_mode: "ANSI,STRICT_ALL_TABLES"}}`, `sql_mode = "ANSI,STRICT_ALL_TABLES"`),
		refused("valkey-module", cache, "{engine: Valkey, parameters: {loadmodule: /tmp/x.so}}", "parameters"),
		refused("valkey-user", cache, "{engine: Valkey, parameters: {user: default on nopass}}", "parameters"),
		refused("valkey-debug", cache, "{engine: Valkey, parameters: {enable-debug-command: \"yes\"}}", "parameters"),
		refused("valkey-line", cache, `{engine: Valkey, parameters: {notify-keyspace-events: "KEA\nloadmodule /x"}}`, "parameters"),
		invalid("valkey-quote", cache, `{engine: Valkey, parameters: {notify-keyspace-events: "KEA\" x"}}`, "notify-keyspace-events"),
		refused("memcached-option", cache, `{engine: Memcached, parameters: {threads: "4 --listen=0.0.0.0"}}`, "parameters"),
		refused("memcached-name", cache, `{engine: Memcached, parameters: {auth-file: /etc/passwd}}`, "parameters"),
		refused("rabbitmq-name", queue, "{engine: RabbitMQ, parameters: {loopback_users: none}}", "parameters"),
		refused("rabbitmq-line", queue, `{engine: RabbitMQ, parameters: {heartbeat: "60\nloopback_users = none"}}`, "parameters"),
		invalid("rabbitmq-value", queue, `{engine: RabbitMQ, parameters: {heartbeat: "60 # = x"}}`, "heartbeat"),
		invalid("rabbitmq-name-below", queue, `{engine: RabbitMQ, parameters: {quorum_queue.x: "1"}}`, "quorum_queue.x"),
		refused("grant-selector", database, `{engine: PostgreSQL, allowedConsumers: [{namespaces: {from: Selector, selector: {matchLabels: {"bad key!": "x y"}}}}]}`, "allowedConsumers[0].namespaces.selector"),
	)
}

// configLine finds a line in the configuration of a server.
func (s *scene) configLine(ctx context.Context, line string) error {
	configs := &corev1.ConfigMapList{}
	if err := s.Client.List(ctx, configs, client.InNamespace(s.Own)); err != nil {
		return err
	}
	for i := range configs.Items {
		for file, text := range configs.Items[i].Data {
			if !strings.HasSuffix(file, ".conf") && !strings.HasSuffix(file, ".cnf") {
				continue
			}
			if strings.Contains("\n"+text, "\n"+line+"\n") {
				return nil
			}
			if strings.Contains(text, "/etc/passwd") {
				return fmt.Errorf("the value is not quoted:\n%s", text)
			}
		}
	}
	return errors.New("no configuration has the line " + line)
}
