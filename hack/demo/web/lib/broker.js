import amqp from 'amqplib';
import { taskMessage } from './celery.js';
import { display } from './connections.js';
import { persist, reason } from './retry.js';

const sendTimeout = 5000;

// Broker sends tasks to the Celery worker through RabbitMQ.
export class Broker {
  channel = undefined;

  constructor({ url, ca }, { queue, queueType }) {
    this.url = url;
    this.socket = { timeout: 5000, ...(ca && { ca }) };
    this.queue = queue;
    this.queueType = queueType;
  }

  get ready() {
    return this.channel !== undefined;
  }

  async start(signal) {
    this.signal = signal;
    await persist(`broker ${display(this.url)}`, () => this.connect(), signal);
  }

  async connect() {
    const connection = await amqp.connect(this.url, this.socket);
    connection.on('error', (err) => console.warn(`broker: ${reason(err)}`));
    connection.on('close', () => this.lost());
    this.connection = connection;
    try {
      const channel = await connection.createConfirmChannel();
      channel.on('error', (err) => console.warn(`broker channel: ${reason(err)}`));
      channel.on('close', () => connection.close().catch(() => {}));
      await channel.assertQueue(this.queue, { durable: true, arguments: queueArguments(this.queueType) });
      this.channel = channel;
    } catch (err) {
      connection.removeAllListeners('close');
      await connection.close().catch(() => {});
      throw err;
    }
  }

  lost() {
    this.channel = undefined;
    if (!this.signal.aborted) this.start(this.signal);
  }

  // send resolves when the broker has taken responsibility for the task.
  async send(task, args) {
    if (!this.ready) throw new Error('not connected to the broker');
    const { content, options } = taskMessage(task, args);
    const { channel } = this;
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the broker did not confirm in time')), sendTimeout);
      channel.sendToQueue(this.queue, content, options, (err) => {
        clearTimeout(timer);
        return err ? reject(err) : resolve();
      });
    });
  }

  async stop() {
    await this.connection?.close().catch(() => {});
  }
}

// Celery declares its queue with the same arguments. A difference would make
// RabbitMQ refuse whichever of the two comes second.
export function queueArguments(type) {
  return type === 'quorum' ? { 'x-queue-type': 'quorum' } : {};
}
