import { page } from './page.js';
import { reason } from './retry.js';

const bodyLimit = 64 * 1024;

export class RequestError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// handler answers HTTP requests for a shop.
export function handler(shop) {
  return async (request, response) => {
    try {
      await route(shop, request, response);
    } catch (err) {
      const status = err.status ?? 503;
      if (status === 503) console.warn(`${request.method} ${request.url}: ${reason(err)}`);
      const message = err.status ? err.message : 'a service is not available, try again soon';
      json(response, status, { error: message }, status === 503 ? { 'Retry-After': '2' } : {});
    }
  };
}

async function route(shop, request, response) {
  const { pathname } = new URL(request.url, 'http://shop');
  const order = /^\/orders\/([1-9][0-9]{0,17})$/.exec(pathname);
  if (pathname === '/') return only(request, 'GET', () => html(response, page));
  if (pathname === '/healthz') return only(request, 'GET', () => json(response, 200, { status: 'ok', ...shop.state() }));
  if (pathname === '/orders') return only(request, 'POST', () => create(shop, request, response));
  if (order) return only(request, 'GET', () => show(shop, order[1], response));
  throw new RequestError(404, `nothing is served at ${pathname}`);
}

function only(request, method, action) {
  if (request.method === method || (method === 'GET' && request.method === 'HEAD')) return action();
  throw new RequestError(405, `use ${method} here`);
}

async function create(shop, request, response) {
  requireDatabase(shop);
  const item = parseItem(await readBody(request));
  const order = await shop.order(item);
  json(response, 201, order, { Location: `/orders/${order.id}` });
}

async function show(shop, id, response) {
  requireDatabase(shop);
  const { order, hit } = await shop.find(id);
  if (!order) throw new RequestError(404, `there is no order ${id}`);
  json(response, 200, order, { 'X-Cache': hit ? 'hit' : 'miss' });
}

function requireDatabase(shop) {
  if (!shop.database?.ready) throw new Error('the database is not ready');
}

export function parseItem(body) {
  let item;
  try {
    ({ item } = JSON.parse(body));
  } catch {
    throw new RequestError(400, 'the body must be JSON such as {"item": "tea"}');
  }
  if (typeof item !== 'string' || item.length < 1 || item.length > 200) {
    throw new RequestError(400, 'item must be a text of 1 to 200 characters');
  }
  return item;
}

async function readBody(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > bodyLimit) throw new RequestError(413, 'the body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function json(response, status, value, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(`${JSON.stringify(value)}\n`);
}

function html(response, text) {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(text);
}
