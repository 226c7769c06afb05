// Peer: Fastify and PostgreSQL. An order is one prepared call of a function (`schema.sql`), which
// is one transaction, and is answered when that is committed.
// Usage: postgres.mjs SOCKET_DIRECTORY USER, with AUTH_SECRET in the environment.

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { fastifyApp, listen } from './fastify-app.mjs';

/**
 * Orders of one drop wait for its row whichever connection they are on, and more than these only
 * make the queue dearer.
 */
const CONNECTIONS = 8;
const UNIQUE_VIOLATION = '23505';
/** Raised by `place_order`. */
const SOLD_MEANWHILE = 'SOLD0';

const [host, user] = process.argv.slice(2);
const pool = new pg.Pool({ host, user, database: 'postgres', max: CONNECTIONS });
// Counters are far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
await pool.query(readFileSync(new URL('schema.sql', import.meta.url), 'utf8'));

const PLACE_ORDER = {
  name: 'place-order',
  text: 'select outcome, (placed).* from place_order($1, $2, $3, $4)',
};

/** Called again, once, where another call came first: then its order is there to be seen. */
async function placeOrder(values, isAgain = false) {
  try {
    const { rows } = await pool.query({ ...PLACE_ORDER, values });
    return rows[0];
  } catch (error) {
    const { code } = error;
    if (!isAgain && (code === UNIQUE_VIOLATION || code === SOLD_MEANWHILE))
      return placeOrder(values, true);
    if (code === SOLD_MEANWHILE) return { outcome: 'sold-out', version: null };
    throw error;
  }
}

/** @type {import('./fastify-app.mjs').Store} */
const store = {
  async createDrop(dropId, { stock, unitAmount, currency, limitPerUser }) {
    const values = [dropId, stock, unitAmount, currency, limitPerUser];
    await pool.query('insert into drops values ($1, $2, 1, $3, $4, $5)', values);
  },

  async order({ dropId, userId, key, quantity }) {
    const row = await placeOrder([dropId, userId, key, quantity]);
    if (row.version === null) return { refusal: row.outcome };
    const order = {
      id: `${dropId}-${row.version}`,
      dropId,
      userId,
      quantity: row.quantity,
      status: 'confirmed',
      totalAmount: row.total_amount,
      currency: row.currency,
      createdAt: row.created_at.toISOString(),
      version: row.version,
    };
    return { order, replayed: row.outcome === 'replayed' };
  },
};

await listen(fastifyApp({ store, secret: process.env.AUTH_SECRET }));
