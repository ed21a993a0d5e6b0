import { createServer } from 'node:http';
import { Broker } from './lib/broker.js';
import { Cache } from './lib/cache.js';
import { connection, describe } from './lib/connections.js';
import { Database } from './lib/database.js';
import { handler } from './lib/routes.js';
import { Shop } from './lib/shop.js';

const queue = {
  queue: process.env.CELERY_TASK_DEFAULT_QUEUE || 'shop',
  queueType: process.env.CELERY_TASK_DEFAULT_QUEUE_TYPE || 'quorum',
};

function service(name, make) {
  const found = connection(name);
  if (!found) console.warn(`no ${name} is configured: ${describe(name)}`);
  return found && make(found);
}

const shop = new Shop({
  database: service('database', (found) => new Database(found)),
  cache: service('cache', (found) => new Cache(found)),
  broker: service('broker', (found) => new Broker(found, queue)),
});

const ending = new AbortController();
const server = createServer(handler(shop));
const port = Number(process.env.PORT || 8080);
server.listen(port, () => console.log(`the shop listens on port ${port}`));
shop.start(ending.signal).then(() => shop.database?.ready && console.log('the shop is ready for orders'));

// stop finishes the requests under way, then ends the process by leaving
// nothing to wait for.
async function stop(signal) {
  console.log(`${signal}: finishing`);
  ending.abort();
  setTimeout(() => process.exit(1), 20_000).unref();
  await new Promise((closed) => {
    server.close(closed);
    server.closeIdleConnections();
  });
  await shop.stop();
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
