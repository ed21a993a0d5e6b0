import { setTimeout as sleep } from 'node:timers/promises';
import { reason } from './retry.js';

const resendInterval = 3000;

// Shop ties the services together. The database is the only one that it cannot
// do without: unsent orders wait there for the broker, and reads pass the cache.
export class Shop {
  constructor({ database, cache, broker }) {
    Object.assign(this, { database, cache, broker });
  }

  async start(signal) {
    this.cache?.start();
    this.broker?.start(signal);
    await this.database?.start(signal);
    this.resending = this.resend(signal);
  }

  async order(item) {
    const order = await this.database.insert(item);
    await this.dispatch(order.id).catch((err) => console.warn(`order ${order.id} waits for the broker: ${reason(err)}`));
    return order;
  }

  async find(id) {
    const cached = await this.cache?.get(id);
    if (cached) return { order: cached, hit: true };
    const order = await this.database.find(id);
    if (order) await this.cache?.set(order);
    return { order, hit: false };
  }

  async dispatch(id) {
    if (!this.broker) throw new Error('no broker is configured');
    await this.broker.send('shop.fulfil', [Number(id)]);
    await this.database.markSent(id);
  }

  // resend hands over the orders that the broker could not take earlier. An
  // order may be sent twice then, which the worker's task allows for.
  async resend(signal) {
    while (!signal.aborted) {
      await sleep(resendInterval, undefined, { signal }).catch(() => {});
      if (!this.broker?.ready || signal.aborted) continue;
      try {
        for (const id of await this.database.unsent(100)) await this.dispatch(id);
      } catch (err) {
        console.warn(`resend: ${reason(err)}`);
      }
    }
  }

  state() {
    const of = (service) => (service ? (service.ready ? 'up' : 'down') : 'not configured');
    return { database: of(this.database), cache: of(this.cache), broker: of(this.broker) };
  }

  async stop() {
    await this.resending;
    this.cache?.stop();
    await this.broker?.stop();
    await this.database?.stop();
  }
}
