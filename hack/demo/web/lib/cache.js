import { createClient } from 'redis';
import { display } from './connections.js';
import { backoff, reason } from './retry.js';

// A stale entry can stay when the worker deletes a key just before a reader
// stores what it read earlier; it ends with the entry.
const seconds = 10;

// Cache holds orders in Valkey. The shop works without it, only slower.
export class Cache {
  constructor({ url, ca }) {
    const tls = new URL(url).protocol === 'rediss:';
    const socket = { connectTimeout: 5000, reconnectStrategy: (tries) => backoff(tries) };
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: 1000,
      socket: tls ? { ...socket, tls: true, ...(ca && { ca }) } : socket,
    });
    this.client.on('error', (err) => this.warn(`cache ${display(url)}: ${reason(err)}`));
  }

  get ready() {
    return this.client.isReady;
  }

  start() {
    this.client.connect().catch((err) => this.warn(`cache: ${reason(err)}`));
  }

  async get(id) {
    const text = await this.attempt(() => this.client.get(key(id)));
    return text ? JSON.parse(text) : undefined;
  }

  set(order) {
    return this.attempt(() => this.client.set(key(order.id), JSON.stringify(order), { expiration: { type: 'EX', value: seconds } }));
  }

  async attempt(command) {
    if (!this.ready) return undefined;
    try {
      return await command();
    } catch (err) {
      this.warn(`cache: ${reason(err)}`);
      return undefined;
    }
  }

  warn(message) {
    if (message !== this.warned) console.warn(message);
    this.warned = message;
  }

  stop() {
    this.client.destroy();
  }
}

export function key(id) {
  return `order:${id}`;
}
