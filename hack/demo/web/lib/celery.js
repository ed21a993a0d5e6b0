import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

// taskMessage builds a call of a Celery task in version 2 of Celery's message
// protocol, with JSON as the content.
export function taskMessage(task, args, id = randomUUID()) {
  return {
    content: Buffer.from(JSON.stringify([args, {}, { callbacks: null, errbacks: null, chain: null, chord: null }])),
    options: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      correlationId: id,
      messageId: id,
      deliveryMode: 2,
      headers: {
        lang: 'js',
        task,
        id,
        root_id: id,
        parent_id: null,
        group: null,
        shadow: null,
        eta: null,
        expires: null,
        retries: 0,
        timelimit: [null, null],
        argsrepr: JSON.stringify(args),
        kwargsrepr: '{}',
        origin: `${process.pid}@${hostname()}`,
      },
    },
  };
}
