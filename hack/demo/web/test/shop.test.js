import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { queueArguments } from '../lib/broker.js';
import { backoff, persist, reason } from '../lib/retry.js';
import { handler, parseItem } from '../lib/routes.js';
import { Shop } from '../lib/shop.js';

const quiet = { warn() {} };

function memoryShop({ sendFails = false } = {}) {
  const rows = new Map();
  const cached = new Map();
  const sent = [];
  const database = {
    ready: true,
    async insert(item) {
      const order = { id: String(rows.size + 1), item, status: 'new' };
      rows.set(order.id, order);
      return order;
    },
    async find(id) { return rows.get(id); },
    async markSent(id) { sent.push(id); },
  };
  const cache = {
    ready: true,
    async get(id) { return cached.get(id); },
    async set(order) { cached.set(order.id, order); },
  };
  const broker = {
    ready: true,
    async send() { if (sendFails) throw new Error('refused'); },
  };
  return { shop: new Shop({ database, cache, broker }), sent };
}

async function serve(t, shop) {
  const server = createServer(handler(shop));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  t.after(() => server.close());
  return (path, options) => fetch(`http://127.0.0.1:${server.address().port}${path}`, options);
}

test('an order is stored, sent, and read through the cache', async (t) => {
  const { shop, sent } = memoryShop();
  const request = await serve(t, shop);
  const made = await request('/orders', { method: 'POST', body: '{"item":"tea"}' });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get('location'), '/orders/1');
  assert.deepEqual(sent, ['1']);
  assert.equal((await request('/orders/1')).headers.get('x-cache'), 'miss');
  assert.equal((await request('/orders/1')).headers.get('x-cache'), 'hit');
});

test('an order is accepted while the broker refuses, and stays unsent', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const { shop, sent } = memoryShop({ sendFails: true });
  const request = await serve(t, shop);
  assert.equal((await request('/orders', { method: 'POST', body: '{"item":"tea"}' })).status, 201);
  assert.deepEqual(sent, []);
});

test('without a database the shop is alive but takes no orders', async (t) => {
  t.mock.method(console, 'warn', () => {});
  const request = await serve(t, new Shop({ database: { ready: false } }));
  const health = await request('/healthz');
  assert.equal(health.status, 200);
  assert.deepEqual(await health.json(), { status: 'ok', database: 'down', cache: 'not configured', broker: 'not configured' });
  const refused = await request('/orders', { method: 'POST', body: '{"item":"tea"}' });
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '2');
});

test('wrong requests are told what is wrong', async (t) => {
  const request = await serve(t, memoryShop().shop);
  assert.equal((await request('/orders/9')).status, 404);
  assert.equal((await request('/orders')).status, 405);
  assert.equal((await request('/orders', { method: 'POST', body: 'tea' })).status, 400);
  assert.throws(() => parseItem('{"item":""}'), { status: 400 });
});

test('pauses grow, vary, and stay below the limit', () => {
  assert.equal(backoff(0, { random: () => 1 }), 250);
  assert.equal(backoff(3, { random: () => 0 }), 1000);
  assert.equal(backoff(30, { random: () => 1 }), 10_000);
});

test('work is tried until it succeeds, and not after the end', async () => {
  let tries = 0;
  const work = async () => {
    tries += 1;
    if (tries < 2) throw new Error('not yet');
    return 'done';
  };
  assert.equal(await persist('work', work, new AbortController().signal, quiet), 'done');
  assert.equal(await persist('work', work, AbortSignal.abort(), quiet), undefined);
  assert.equal(tries, 2);
});

test('an error of many addresses is put into words', () => {
  assert.equal(reason(new AggregateError([new Error('refused')], '')), 'refused');
});

test('a quorum queue is asked for by name', () => {
  assert.deepEqual(queueArguments('quorum'), { 'x-queue-type': 'quorum' });
  assert.deepEqual(queueArguments('classic'), {});
});
