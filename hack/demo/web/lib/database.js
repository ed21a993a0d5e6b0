import pg from 'pg';
import { display } from './connections.js';
import { persist, reason } from './retry.js';

const schema = `
CREATE TABLE IF NOT EXISTS orders (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item         text NOT NULL,
  status       text NOT NULL DEFAULT 'new',
  sent         boolean NOT NULL DEFAULT false,
  created_at   timestamptz NOT NULL DEFAULT now(),
  fulfilled_at timestamptz
);
CREATE INDEX IF NOT EXISTS orders_unsent ON orders (id) WHERE NOT sent`;

// Replicas start together, and two CREATE TABLE IF NOT EXISTS may collide.
const schemaLock = 746_571;

const columns = `id::text, item, status, created_at AS "createdAt", fulfilled_at AS "fulfilledAt"`;

export class Database {
  ready = false;

  constructor({ url, caFile }) {
    this.where = display(url);
    this.pool = new pg.Pool({
      connectionString: connectionString(url, caFile),
      max: 10,
      connectionTimeoutMillis: 5000,
      query_timeout: 10_000,
    });
    this.pool.on('error', (err) => console.warn(`database: lost a connection: ${reason(err)}`));
  }

  async start(signal) {
    await persist(`database ${this.where}`, () => this.createSchema(), signal);
    this.ready = !signal.aborted;
  }

  async createSchema() {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [schemaLock]);
      await client.query(schema);
      await client.query('COMMIT');
      client.release();
    } catch (err) {
      client.release(err);
      throw err;
    }
  }

  async insert(item) {
    const { rows } = await this.pool.query(`INSERT INTO orders (item) VALUES ($1) RETURNING ${columns}`, [item]);
    return rows[0];
  }

  async find(id) {
    const { rows } = await this.pool.query(`SELECT ${columns} FROM orders WHERE id = $1`, [id]);
    return rows[0];
  }

  async unsent(limit) {
    const { rows } = await this.pool.query('SELECT id::text FROM orders WHERE NOT sent ORDER BY id LIMIT $1', [limit]);
    return rows.map(({ id }) => id);
  }

  markSent(id) {
    return this.pool.query('UPDATE orders SET sent = true WHERE id = $1', [id]);
  }

  stop() {
    return this.pool.end();
  }
}

// The driver follows sslmode and sslrootcert in the URL. A URL that asks for TLS
// and names no file gets the authority of the binding.
export function connectionString(url, caFile) {
  const query = new URL(url).searchParams;
  const encrypted = ['require', 'verify-ca', 'verify-full'].includes(query.get('sslmode'));
  if (!encrypted || query.has('sslrootcert') || !caFile) return url;
  return `${url}&sslrootcert=${encodeURIComponent(caFile)}`;
}
