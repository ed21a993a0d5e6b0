// Finds out how to reach the shop's services: from the usual variables, or from
// the files of service bindings (https://servicebinding.io).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const services = {
  database: { variable: 'DATABASE_URL', types: ['postgresql', 'postgres'] },
  cache: { variable: 'REDIS_URL', types: ['valkey', 'redis'] },
  broker: { variable: 'AMQP_URL', types: ['rabbitmq', 'amqp'] },
};

export function readBindings(root) {
  if (!root) return [];
  let names;
  try {
    names = readdirSync(root);
  } catch (err) {
    if (err.code === 'ENOENT') return [];
    throw err;
  }
  return names.filter((name) => !name.startsWith('.')).map((name) => readBinding(join(root, name)));
}

function readBinding(dir) {
  const entry = (file) => {
    try {
      return readFileSync(join(dir, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  return { dir, type: entry('type').toLowerCase(), host: entry('host'), uri: entry('uri'), ca: entry('ca.crt') };
}

// connection returns {url, ca, caFile} for a service. The variable wins over a
// binding; the binding that names the same host then still gives the
// authority's certificate. Undefined means that nothing is configured.
export function connection(service, env = process.env) {
  const { variable, types } = services[service];
  const bindings = readBindings(env.SERVICE_BINDING_ROOT).filter(({ type }) => types.includes(type));
  const url = env[variable] || bindings.find(({ uri }) => uri)?.uri;
  if (!url) return undefined;
  const { hostname } = new URL(url);
  const binding = bindings.find(({ host }) => host === hostname) ?? bindings.find(({ uri }) => uri === url);
  return binding?.ca ? { url, ca: binding.ca, caFile: join(binding.dir, 'ca.crt') } : { url };
}

export function describe(service) {
  const { variable, types } = services[service];
  return `set ${variable} or mount a service binding of type ${types[0]}`;
}

// display removes the credentials and options of a URL.
export function display(url) {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
