import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connection, display } from '../lib/connections.js';
import { connectionString } from '../lib/database.js';

function bindings(t, all) {
  const root = mkdtempSync(join(tmpdir(), 'bindings-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, files] of Object.entries(all)) {
    mkdirSync(join(root, name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(root, name, file), `${content}\n`);
  }
  return root;
}

test('a variable wins and takes the certificate of the binding for its host', (t) => {
  const root = bindings(t, {
    other: { type: 'valkey', host: 'other', 'ca.crt': 'OTHER' },
    hot: { type: 'valkey', host: 'hot.shop', 'ca.crt': 'HOT' },
  });
  const url = 'rediss://:secret@hot.shop:6379/0';
  assert.deepEqual(connection('cache', { SERVICE_BINDING_ROOT: root, REDIS_URL: url }), {
    url, ca: 'HOT', caFile: join(root, 'hot', 'ca.crt'),
  });
});

test('a binding alone is enough', (t) => {
  const root = bindings(t, { main: { type: 'PostgreSQL', uri: 'postgresql://u:p@main/shop' } });
  assert.deepEqual(connection('database', { SERVICE_BINDING_ROOT: root }), { url: 'postgresql://u:p@main/shop' });
});

test('nothing configured gives nothing', () => {
  assert.equal(connection('broker', {}), undefined);
  assert.equal(connection('broker', { SERVICE_BINDING_ROOT: '/nowhere' }), undefined);
});

test('no certificate is taken from a binding of another kind', (t) => {
  const root = bindings(t, { main: { type: 'postgresql', host: 'h', 'ca.crt': 'CA' } });
  assert.deepEqual(connection('broker', { SERVICE_BINDING_ROOT: root, AMQP_URL: 'amqps://h/' }), { url: 'amqps://h/' });
});

test('credentials are not displayed', () => {
  assert.equal(display('amqps://user:secret@mq:5671/%2f?heartbeat=5'), 'amqps://mq:5671/%2f');
});

test('the authority is added only where the URL asks for TLS and names none', () => {
  const ca = '/bindings/main/ca.crt';
  const encrypted = 'postgresql://main/shop?sslmode=verify-full';
  assert.equal(connectionString(encrypted, ca), `${encrypted}&sslrootcert=%2Fbindings%2Fmain%2Fca.crt`);
  assert.equal(connectionString(`${encrypted}&sslrootcert=/x`, ca), `${encrypted}&sslrootcert=/x`);
  assert.equal(connectionString('postgresql://main/shop', ca), 'postgresql://main/shop');
});
